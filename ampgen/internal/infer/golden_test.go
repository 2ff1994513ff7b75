package infer

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ampgen/ampgen/ampgen/internal/coerce"
	"github.com/ampgen/ampgen/ampgen/internal/diag"
)

var update = flag.Bool("update", false, "rewrite the golden files in testdata, and fail")

// The golden files hold cases: a query, the line "----", and what inference says of it, up to an empty line. A query that
// begins with "stream:" is a stream, others are batch queries. Lines that begin with "#" are comments.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.golden")
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) { runGolden(t, file) })
	}
}

func runGolden(t *testing.T, file string) {
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for _, block := range strings.Split(strings.TrimSpace(string(data)), "\n\n") {
		if strings.HasPrefix(block, "#") {
			fmt.Fprintf(&out, "%s\n\n", block)
			continue
		}
		query, want, _ := strings.Cut(block+"\n", "\n----\n")
		query = strings.TrimSpace(strings.TrimSuffix(query, "\n----"))
		got := describe(query)
		fmt.Fprintf(&out, "%s\n----\n%s\n", query, got)
		if !*update {
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s\n%s", query, diff)
			}
		}
	}
	if *update {
		if err := os.WriteFile(file, []byte(strings.TrimSpace(out.String())+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		t.Errorf("%s was rewritten", file)
	}
}

// describe renders what inference says of a query: its columns, or the diagnostics.
func describe(query string) string {
	text, stream := strings.CutPrefix(query, "stream:")
	var diags diag.List
	res := inferText(strings.TrimSpace(text), Options{Stream: stream}, &diags)
	var out strings.Builder
	if res == nil {
		_ = diags.WriteText(&out) // a strings.Builder does not fail
		return out.String()
	}
	for i, c := range res.Columns {
		fmt.Fprintf(&out, "%s %s", c.Name, coerce.Format(c.Type))
		if !c.Nullable {
			out.WriteString(" not null")
		}
		if c.Nullable != c.Announced.Nullable {
			fmt.Fprintf(&out, " (announced nullable=%t)", c.Announced.Nullable)
		}
		if c.Logical != "" {
			out.WriteString(" " + c.Logical)
		}
		if c.Origin != nil {
			fmt.Fprintf(&out, " from %s.%s.%s", c.Origin.Dataset, c.Origin.Table, c.Origin.Column)
		}
		switch {
		case stream && i == res.Block:
			out.WriteString(" BLOCK")
		case stream && c.IsBlock:
			out.WriteString(" block")
		}
		out.WriteString("\n")
	}
	return out.String()
}
