package output

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ampgen/ampgen/ampgen/internal/diag"
)

func files(pairs ...string) []File {
	var out []File
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, File{pairs[i], []byte(pairs[i+1])})
	}
	return out
}

// write runs Write and expects no faults.
func write(t *testing.T, root string, f []File) Changes {
	t.Helper()
	var diags diag.List
	changes, err := Write(root, Set{Files: f}, &diags)
	if err != nil || diags.Len() > 0 {
		t.Fatalf("Write: %v, faults %v", err, diags.Sorted())
	}
	return changes
}

// tree is the content of every file under root, without the manifest.
func tree(t *testing.T, root string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(root, p)
		switch {
		case d.IsDir():
			out[filepath.ToSlash(rel)+"/"] = ""
		case rel != ManifestName:
			data, err := os.ReadFile(p)
			if err != nil {
				return err
			}
			out[filepath.ToSlash(rel)] = string(data)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func put(t *testing.T, root, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestWriteAddsChangesKeepsAndRemoves(t *testing.T) {
	root := filepath.Join(t.TempDir(), "generated")
	first := write(t, root, files("a/x.go", "x1", "a/y.go", "y1", "b/cmd/b/main.go", "b1"))
	if want := (Changes{Added: []string{"a/x.go", "a/y.go", ManifestName, "b/cmd/b/main.go"}}); !cmp.Equal(first, want) {
		t.Error(cmp.Diff(want, first))
	}
	before, err := os.Stat(filepath.Join(root, "a/x.go"))
	if err != nil {
		t.Fatal(err)
	}
	put(t, root, "a/mine.go", "hand-written")

	second := write(t, root, files("a/x.go", "x1", "a/y.go", "y2", "c/z.go", "z1"))
	want := Changes{Added: []string{"c/z.go"}, Changed: []string{"a/y.go", ManifestName}, Unchanged: []string{"a/x.go"}, Removed: []string{"b/cmd/b/main.go"}}
	if !cmp.Equal(second, want) {
		t.Error(cmp.Diff(want, second))
	}
	if got, want := tree(t, root), (map[string]string{"./": "", "a/": "", "c/": "",
		"a/x.go": "x1", "a/y.go": "y2", "a/mine.go": "hand-written", "c/z.go": "z1"}); !cmp.Equal(got, want) {
		t.Error(cmp.Diff(want, got))
	}
	after, err := os.Stat(filepath.Join(root, "a/x.go"))
	if err != nil {
		t.Fatal(err)
	}
	if !os.SameFile(before, after) || before.ModTime() != after.ModTime() {
		t.Error("a file with the right content was written again, which loses the build cache")
	}
	if third := write(t, root, files("a/x.go", "x1", "a/y.go", "y2", "c/z.go", "z1")); !third.Empty() {
		t.Errorf("the second run of the same files changes %+v", third)
	}
}

func TestManifestIsSortedAndStable(t *testing.T) {
	root := t.TempDir()
	write(t, root, files("b.go", "b", "a.go", "a"))
	data, err := os.ReadFile(filepath.Join(root, ManifestName))
	if err != nil {
		t.Fatal(err)
	}
	const want = `{
  "version": 1,
  "files": [
    {
      "path": "a.go",
      "sha256": "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
    },
    {
      "path": "b.go",
      "sha256": "3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d"
    }
  ]
}
`
	if string(data) != want {
		t.Error(cmp.Diff(want, string(data)))
	}
}

func TestPersonsFilesAreNeverTouched(t *testing.T) {
	for _, c := range []struct {
		name string
		edit func(t *testing.T, root string)
		next []File
		want string
	}{
		{"edited", func(t *testing.T, root string) { put(t, root, "a.go", "edited") }, files("a.go", "2", "b.go", "2"),
			"a.go: error: this generated file was edited by hand [AMP060]\n" +
				"  note: its content is not what ampgen.manifest.json says\n" +
				"  help: move the edit to a file of your own beside it, delete this file, and run ampgen again\n"},
		{"edited and stale", func(t *testing.T, root string) { put(t, root, "a.go", "edited") }, files("b.go", "2"),
			"a.go: error: no query makes this generated file any more, and it was edited by hand [AMP060]\n" +
				"  note: its content is not what ampgen.manifest.json says\n" +
				"  help: move or delete the file, and run ampgen again\n"},
		{"in the way", func(t *testing.T, root string) { put(t, root, "c.go", "mine") }, files("b.go", "2", "c.go", "2"),
			"c.go: error: this file is in the way of a generated one, and ampgen did not write it [AMP060]\n" +
				"  note: ampgen.manifest.json does not list it\n" +
				"  help: move or delete the file, and run ampgen again\n"},
		{"manifest broken", func(t *testing.T, root string) { put(t, root, ManifestName, "<<<<<<<") }, files("b.go", "2"),
			"ampgen.manifest.json: error: bad manifest: invalid character '<' looking for beginning of value [AMP060]\n" +
				"  help: restore the file from version control, or delete the output folder and run ampgen again\n"},
		{"manifest leads outside", func(t *testing.T, root string) {
			put(t, root, ManifestName, `{"version":1,"files":[{"path":"../a.go","sha256":""}]}`)
		}, files("b.go", "2"),
			"ampgen.manifest.json: error: bad manifest: the path \"../a.go\" is not inside of the output folder [AMP060]\n" +
				"  help: restore the file from version control, or delete the output folder and run ampgen again\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			root := t.TempDir()
			write(t, root, files("a.go", "1", "b.go", "1"))
			c.edit(t, root)
			before := tree(t, root)
			var diags diag.List
			if _, err := Write(root, Set{Files: c.next}, &diags); err != nil {
				t.Fatal(err)
			}
			var b strings.Builder
			if err := diags.WriteText(&b); err != nil {
				t.Fatal(err)
			}
			if got := strings.ReplaceAll(b.String(), filepath.ToSlash(root)+"/", ""); got != c.want {
				t.Error(cmp.Diff(c.want, got))
			}
			if after := tree(t, root); !cmp.Equal(before, after) {
				t.Errorf("files changed although there was a fault:\n%s", cmp.Diff(before, after))
			}
		})
	}
}

// An edit that happens to be what is generated now, and a file that was deleted, are no reasons to complain.
func TestWriteAcceptsTheRightContentFromAnyone(t *testing.T) {
	root := t.TempDir()
	write(t, root, files("a.go", "1", "b.go", "1", "c.go", "1"))
	put(t, root, "a.go", "2")
	for _, gone := range []string{"b.go", "c.go"} {
		if err := os.Remove(filepath.Join(root, gone)); err != nil {
			t.Fatal(err)
		}
	}
	write(t, root, files("a.go", "2", "b.go", "1"))
	if got, want := tree(t, root), (map[string]string{"./": "", "a.go": "2", "b.go": "1"}); !cmp.Equal(got, want) {
		t.Error(cmp.Diff(want, got))
	}
}

// A run that is killed among its renames leaves old and new files under a manifest that owns both.
func TestInterruptedWriteIsContinued(t *testing.T) {
	root := t.TempDir()
	write(t, root, files("a.go", "1", "b.go", "1", "gone.go", "1"))
	p, err := newPlan(root, Set{Files: files("a.go", "2", "b.go", "2")}, &diag.List{})
	if err != nil {
		t.Fatal(err)
	}
	staging, err := os.MkdirTemp(root, stagingPattern)
	if err != nil {
		t.Fatal(err)
	}
	moves, err := p.stage(staging)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range moves[:2] { // the manifest and a.go
		if err := os.Rename(m.from, m.to); err != nil {
			t.Fatal(err)
		}
	}
	write(t, root, files("a.go", "3", "b.go", "3"))
	if got, want := tree(t, root), (map[string]string{"./": "", "a.go": "3", "b.go": "3"}); !cmp.Equal(got, want) {
		t.Error(cmp.Diff(want, got))
	}
}

func TestNothingIsWrittenWhenAFileCannotBeStaged(t *testing.T) {
	root := t.TempDir()
	write(t, root, files("a.go", "1"))
	put(t, root, "folder", "a file where a folder has to be")
	before := tree(t, root)
	if _, err := Write(root, Set{Files: files("a.go", "2", "folder/b.go", "2")}, &diag.List{}); err == nil {
		t.Error("no error")
	}
	if after := tree(t, root); !cmp.Equal(before, after) {
		t.Error(cmp.Diff(before, after))
	}
}

func TestDiffWritesNothing(t *testing.T) {
	root := t.TempDir()
	write(t, root, files("a.go", "1", "b.go", "1"))
	before := tree(t, root)
	var diags diag.List
	got, err := Diff(root, Set{Files: files("a.go", "2", "c.go", "1")}, &diags)
	if err != nil || diags.Len() > 0 {
		t.Fatal(err, diags.Sorted())
	}
	want := Changes{Added: []string{"c.go"}, Changed: []string{"a.go", ManifestName}, Removed: []string{"b.go"}}
	if !cmp.Equal(got, want) {
		t.Error(cmp.Diff(want, got))
	}
	if after := tree(t, root); !cmp.Equal(before, after) {
		t.Error(cmp.Diff(before, after))
	}
	if _, err := Diff(filepath.Join(root, "absent"), Set{}, &diags); err != nil {
		t.Errorf("diff against a folder that does not exist: %v", err)
	}
}

func TestTwoFilesOfOnePathAreABug(t *testing.T) {
	_, err := Write(t.TempDir(), Set{Files: files("a.go", "1", "a.go", "2")}, &diag.List{})
	if err == nil || errors.Is(err, fs.ErrExist) || !strings.Contains(err.Error(), "ampgen bug: two generated files are a.go") {
		t.Errorf("error %v", err)
	}
}

// TestPartialRunKeepsOtherPackages: generating one query must not remove what the others made.
func TestPartialRunKeepsOtherPackages(t *testing.T) {
	root := t.TempDir()
	var diags diag.List
	whole := files("a/row.go", "1", "a/old.go", "1", "b/row.go", "1")
	if _, err := Write(root, Set{Files: whole}, &diags); err != nil {
		t.Fatal(err)
	}
	got, err := Write(root, Set{Files: files("a/row.go", "2"), Partial: true}, &diags)
	if err != nil || diags.Len() > 0 {
		t.Fatal(err, diags.Sorted())
	}
	want := Changes{Changed: []string{"a/row.go", ManifestName}, Removed: []string{"a/old.go"}}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("changes (-want +got):\n%s", d)
	}
	if got, err = Diff(root, Set{Files: files("a/row.go", "2", "b/row.go", "1")}, &diags); err != nil || !got.Empty() || diags.Len() > 0 {
		t.Errorf("a whole run after it: %+v, %v, %v", got, err, diags.Sorted())
	}
}
