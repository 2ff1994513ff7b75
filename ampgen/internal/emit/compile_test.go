package emit

import (
	"bytes"
	"go/build"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ampgen/ampgen/ampgen/internal/ir"
	"github.com/ampgen/ampgen/ampgen/internal/output"
)

// What is generated compiles, is clean to vet, and passes its own tests, in a module of its own and without a network.
func TestGeneratedCodeCompilesAndPassesItsTests(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the go command for half a minute; -short was asked for")
	}
	dir := t.TempDir()
	copyModuleFiles(t, dir)
	for _, p := range append(pipelines(), namesakes()...) {
		for _, f := range files(t, p) {
			if strings.Contains(f.Path, "-duckdb/") && !build.Default.CgoEnabled {
				continue // the one thing that needs a C compiler
			}
			write(t, filepath.Join(dir, "generated", filepath.FromSlash(f.Path)), f.Data)
		}
	}
	gofmt := exec.Command("gofmt", "-l", ".")
	gofmt.Dir = dir
	if out, err := gofmt.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("gofmt -l: %v\n%s", err, out)
	}
	// The runs of the loaders' benchmarks are skipped with a reason; that they link is what is tested.
	run(t, dir, "vet", "-tags=ampbench", "./...")
	run(t, dir, append([]string{"test", "-p=1", "-bench=.", "-benchtime=1x"}, packages(t, dir)...)...)
}

// namesakes are pipelines whose packages have the names of packages that generated code imports.
func namesakes() []*ir.Pipeline {
	var out []*ir.Pipeline
	for _, name := range []string{"fmt", "postgres", "arrow"} {
		p := transfers()
		p.Name, p.Package, p.Folder = name, name, name
		p.Sinks = p.Sinks[:1]
		out = append(out, p)
	}
	return out
}

func files(t *testing.T, p *ir.Pipeline) []output.File {
	t.Helper()
	files, err := Files(p, Options{ImportPath: importPath})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// copyModuleFiles makes dir a module with the requirements of this one, which takes the place of itself.
func copyModuleFiles(t *testing.T, dir string) {
	t.Helper()
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	mod = bytes.Replace(mod, []byte("module "+modulePath+"\n"), []byte("module example.com/project\n"), 1)
	mod = append(mod, "\nrequire "+modulePath+" v0.0.0\n\nreplace "+modulePath+" => "+root+"\n"...)
	write(t, filepath.Join(dir, "go.mod"), mod)
	sum, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "go.sum"), sum)
}

// packages are those with tests of their own: not the loaders.
func packages(t *testing.T, dir string) []string {
	t.Helper()
	folders, err := filepath.Glob(filepath.Join(dir, "generated", "*"))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, f := range folders {
		out = append(out, "./generated/"+filepath.Base(f))
	}
	return out
}

func run(t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOPROXY=off", "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("go %s: %v\n%s", strings.Join(args, " "), err, out)
	} else {
		t.Logf("%s", out)
	}
}
