package generate

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/ampgen/ampgen/ampgen/internal/diag"
)

var update = flag.Bool("update", false, "write the expected files; the run fails all the same")

// TestFaults runs every archive of testdata/faults: a project with faults, and in the file "want" exactly what the user sees.
func TestFaults(t *testing.T) {
	archives, err := filepath.Glob("testdata/faults/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("no archives: %v", err)
	}
	for _, name := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			var want string
			for _, f := range archive.Files {
				if f.Name == "want" {
					want = string(f.Data)
					continue
				}
				writeFile(t, filepath.Join(dir, f.Name), f.Data)
			}
			got := faults(t, dir)
			if *update {
				archive.Files = append(withoutWant(archive.Files), txtar.File{Name: "want", Data: []byte(got)})
				if err := os.WriteFile(name, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
				t.Fatal("updated; look at the change and run again")
			}
			if got == "" {
				t.Error("no fault was found")
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("diagnostics differ (-want +got):\n%s", d)
			}
		})
	}
}

// TestFileThatIsNotUTF8 is apart since an archive is UTF-8.
func TestFileThatIsNotUTF8(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "queries/q.sql"), []byte("-- name: Q :stream\n-- caf\xe9\nselect 1"))
	writeFile(t, filepath.Join(dir, "queries/windows.sql"), []byte("\xff\xfe-\x00-\x00"))
	const want = `queries/q.sql:2:7: error: the file is not UTF-8: byte 0xe9 [AMP002]
  help: save it as UTF-8: iconv -f LATIN1 -t UTF-8 queries/q.sql
queries/windows.sql:1:1: error: the file is not UTF-8: byte 0xff [AMP002]
  help: save it as UTF-8: iconv -f UTF-16 -t UTF-8 queries/windows.sql
`
	if d := cmp.Diff(want, faults(t, dir)); d != "" {
		t.Errorf("diagnostics differ (-want +got):\n%s", d)
	}
}

// TestQueryFileThatCannotBeRead: a folder stands where a file is expected, which no user can read, root included.
func TestQueryFileThatCannotBeRead(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "queries/q.sql"), []byte("-- name: Q :stream\n-- @sink postgres table=q\n-- @label t csv=folder key=a on=address\nselect block_num, address from eth_rpc.logs"))
	if err := os.Mkdir(filepath.Join(dir, "queries/folder"), 0o755); err != nil {
		t.Fatal(err)
	}
	const want = "queries/q.sql:3:17: error: queries/folder cannot be read: is a directory [AMP001]\n"
	if d := cmp.Diff(want, faults(t, dir)); d != "" {
		t.Errorf("diagnostics differ (-want +got):\n%s", d)
	}
}

func withoutWant(files []txtar.File) []txtar.File {
	var out []txtar.File
	for _, f := range files {
		if f.Name != "want" {
			out = append(out, f)
		}
	}
	return out
}

// faults loads the project in dir and renders its faults.
func faults(t *testing.T, dir string) string {
	t.Helper()
	var diags diag.List
	if _, err := Load(Options{Dir: dir}, &diags); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := diags.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func writeFile(t *testing.T, name string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, data, 0o644); err != nil {
		t.Fatal(err)
	}
}
