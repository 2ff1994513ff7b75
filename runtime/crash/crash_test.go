package crash_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"testing"

	"github.com/ampgen/ampgen/runtime/crash"
)

// TestEveryPointIsListed: a point that is not in Points is one at which nobody kills a loader.
func TestEveryPointIsListed(t *testing.T) {
	listed := map[string]bool{}
	for _, p := range crash.Points {
		if listed[string(p.Name)] || p.When == "" {
			t.Errorf("%s is listed twice, or without a sentence", p.Name)
		}
		listed[string(p.Name)] = true
	}
	file, err := parser.ParseFile(token.NewFileSet(), "crash.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	declared := 0
	ast.Inspect(file, func(n ast.Node) bool {
		if c, ok := n.(*ast.GenDecl); ok && c.Tok == token.CONST {
			declared += len(c.Specs)
		}
		return true
	})
	if declared != len(crash.Points) {
		t.Errorf("%d points are declared, and %d are listed", declared, len(crash.Points))
	}
}

// TestPointDoesNothing: in an ordinary build, such as this one, a point costs nothing.
func TestPointDoesNothing(t *testing.T) {
	t.Setenv("AMPGEN_CRASH", string(crash.MidEncode)+":1")
	if n := testing.AllocsPerRun(100, func() { crash.Point(crash.MidEncode) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
