package emit

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files; such a run fails, so that it cannot pass for a test")

func TestGoldens(t *testing.T) {
	for _, p := range pipelines() {
		t.Run(p.Name, func(t *testing.T) {
			files, err := Files(p, Options{ImportPath: importPath})
			if err != nil {
				t.Fatal(err)
			}
			if *update {
				if err := os.RemoveAll(filepath.Join("testdata", p.Folder)); err != nil {
					t.Fatal(err)
				}
			}
			seen := map[string]bool{}
			for _, f := range files {
				golden := filepath.Join("testdata", f.Path+".golden")
				seen[golden] = true
				if *update {
					write(t, golden, f.Data)
					continue
				}
				want, err := os.ReadFile(golden)
				if err != nil {
					t.Errorf("%v; run with -update to write it", err)
					continue
				}
				if string(want) != string(f.Data) {
					t.Errorf("%s (-want +got):\n%s", f.Path, cmp.Diff(string(want), string(f.Data)))
				}
			}
			if *update {
				t.Fatal("golden files written: read the difference, then run again without -update")
			}
		})
	}
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}
