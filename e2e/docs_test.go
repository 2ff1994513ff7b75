package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// link is a Markdown link to something else than a place on the web or in the same document.
var link = regexp.MustCompile(`\]\(([^)#:\s]+)(#[^)]*)?\)`)

// TestLinks follows every link between the documents and files of the repository.
func TestLinks(t *testing.T) {
	for _, name := range documents(t) {
		for _, m := range link.FindAllStringSubmatch(document(t, name), -1) {
			target := filepath.Join(repository, filepath.Dir(name), filepath.FromSlash(m[1]))
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s links to %s, which does not exist", name, m[1])
			}
		}
	}
}

// TestArchitectureNamesEveryPackage: a package that nobody can find in ARCHITECTURE.md is missing from the walk.
func TestArchitectureNamesEveryPackage(t *testing.T) {
	linked := map[string]bool{}
	for _, m := range link.FindAllStringSubmatch(document(t, "ARCHITECTURE.md"), -1) {
		target := filepath.ToSlash(filepath.Clean(m[1]))
		if strings.HasSuffix(target, ".go") {
			target = filepath.ToSlash(filepath.Dir(target))
		}
		linked[target] = true
	}
	for path := range strings.Lines(goTool(t, repository, "list", "./...")) {
		dir := strings.TrimPrefix(strings.TrimPrefix(strings.TrimSpace(path), module), "/")
		if dir == "" || strings.HasPrefix(dir, "generated/") || linked[dir] {
			continue
		}
		t.Errorf("ARCHITECTURE.md has no link to %s", dir)
	}
}

// TestFlagsOfThePythonLoader: docs/moving-from-python.md has every flag of amp-python's loader, and what it calls their counterpart here is
// a flag.
func TestFlagsOfThePythonLoader(t *testing.T) {
	there := map[string]bool{}
	flag := regexp.MustCompile(`--[a-z][a-z-]*[a-z]`)
	help := ""
	for _, sink := range []string{"postgres", "duckdb", "snowflake"} {
		text, _ := command(t, repository, program(t, "erc20_transfers-"+sink), "--help")
		help += text
	}
	for line := range strings.Lines(document(t, "docs/moving-from-python.md")) {
		cells := strings.Split(line, "|")
		if len(cells) < 4 {
			continue
		}
		for _, name := range flag.FindAllString(cells[1], -1) {
			there[name] = true
		}
		for _, name := range flag.FindAllString(cells[2], -1) {
			if !strings.Contains(help, " "+name+" ") {
				t.Errorf("%s is no flag of a loader", name)
			}
		}
	}
	for _, name := range []string{"--query-file", "--table-name", "--blocks", "--min-block", "--max-block", "--source-table", "--block-column",
		"--label-csv", "--label-name", "--label-key", "--stream-key", "--connection-name", "--loading-method", "--preserve-reorg-history",
		"--disable-state", "--pool-size", "--workers", "--flush-interval", "--server", "--verbose"} {
		if !there[name] {
			t.Errorf("%s of amp-python's loader is not in the table", name)
		}
	}
}

// documents are the repository's Markdown files.
func documents(t *testing.T) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(repository, func(path string, d os.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (strings.HasPrefix(d.Name(), ".") || d.Name() == "build" || d.Name() == "testdata"):
			return filepath.SkipDir
		case filepath.Ext(path) == ".md":
			name, err := filepath.Rel(repository, path)
			out = append(out, name)
			return err
		}
		return nil
	})
	if err != nil || len(out) == 0 {
		t.Fatalf("no documents: %v", err)
	}
	return out
}

func document(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
