package functions

import (
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ampgen/ampgen/ampgen/internal/coerce"
	"github.com/ampgen/ampgen/ampgen/internal/coerce/oracletest"
)

// TestOracle replays what DataFusion 52.3.0 answered for every function, see testdata/oracle.py.
func TestOracle(t *testing.T) {
	file := oracletest.Load(t, "testdata/oracle.json")
	columns := make(map[string]arrow.DataType)
	for name, text := range file.Types {
		columns[name] = typeOf(text)
	}
	failures := make(map[string]int)
	for _, c := range file.Cases {
		args := make([]Arg, len(c.Operands))
		for i, operand := range c.Operands {
			args[i] = argument(t, columns, operand)
		}
		dt, nullable, err := resolve(t, c.Name, args)
		text := ""
		if err == nil {
			text = coerce.Format(dt)
		}
		if agrees(c, text, nullable) {
			continue
		}
		if failures[c.Name]++; failures[c.Name] <= 8 {
			t.Errorf("%s; got %s, nullable %v, error %v", c, text, nullable, err)
		}
	}
	for name, n := range failures {
		t.Errorf("%s: %d wrong", name, n)
	}
}

// resolve types a call, or an operator over two arguments.
func resolve(t *testing.T, name string, args []Arg) (arrow.DataType, bool, error) {
	t.Helper()
	name, over := strings.CutSuffix(name, "@window")
	op, isOperator := strings.CutSuffix(name, "@operator")
	f, ok := Lookup(name, over)
	if isOperator {
		var swap bool
		f, swap, ok = OfOperator(coerce.Op(op), args[0].Type, args[1].Type)
		if !ok {
			dt, err := coerce.Actual(coerce.Op(op), args[0].Type, args[1].Type)
			return dt, args[0].Nullable || args[1].Nullable, err
		}
		if swap {
			slices.Reverse(args)
		}
	}
	if !ok {
		t.Fatalf("%s is unknown", name)
	}
	got, err := f.Resolve(args)
	return got.Type, got.AnnouncedNullable, err
}

// agrees compares an answer of Resolve with DataFusion's. Resolve refuses a call that DataFusion announces and then does
// not run, or whose data are of another type, except for exotic operands, where it answers what DataFusion announces.
func agrees(c oracletest.Case, text string, nullable bool) bool {
	announced := text == c.Announced && nullable == c.Nullable
	switch {
	case text == "":
		return c.Actual == "" || refused(c)
	case exotic(c):
		return announced || c.Announced == ""
	}
	return announced && c.Actual == c.Announced
}

// refused lists calls that DataFusion runs and Resolve does not know, on purpose.
func refused(c oracletest.Case) bool {
	if c.Name == "||@operator" && (c.Operands[0] == "ll") != (c.Operands[1] == "ll") {
		return true // runs over the NULLs of the oracle alone
	}
	switch call := c.Name + "(" + strings.Join(c.Operands, ", ") + ")"; call {
	case "array_concat(NULL)", "array_concat(NULL, NULL)", "concat_ws(NULL)": // NULL, which the engine folds before it looks
		return true
	case "array_replace(li, 1, dicti)", "array_replace_all(li, 1, dicti)": // no Amp table has dictionaries
		return true
	default: // see arrowMetadata
		return c.Name == "arrow_metadata" && len(c.Operands) == 1
	}
}

// exotic reports operands that no Amp table has, or no query: a bare NULL where a value belongs, dictionaries, and items
// and fields that are not nullable. DataFusion announces types for them, and then refuses, folds the call away or loses
// the flag.
func exotic(c oracletest.Case) bool {
	if c.Name == "levenshtein" && slices.Equal(c.Operands, []string{"s", "ls"}) {
		return true // a fault of the engine, which runs levenshtein(ls, s)
	}
	return slices.ContainsFunc(c.Operands, func(operand string) bool {
		return slices.Contains([]string{"NULL", "dict", "dicti", "lnn", "stnn", "stnn!"}, operand)
	})
}

// argument reads an operand of the oracle: a column, a column with ! that is not nullable, or a literal.
func argument(t *testing.T, columns map[string]arrow.DataType, operand string) Arg {
	t.Helper()
	name, notNull := strings.CutSuffix(operand, "!")
	if dt, ok := columns[name]; ok {
		return Arg{Type: dt, Nullable: !notNull}
	}
	literal := func(dt arrow.DataType, text string) Arg {
		return Arg{Type: dt, Nullable: coerce.IsNull(dt), Literal: &Literal{Text: text}}
	}
	switch {
	case operand == "NULL":
		return literal(null, operand)
	case strings.HasPrefix(operand, "'"):
		return literal(utf8, strings.Trim(operand, "'"))
	case strings.HasPrefix(operand, "INTERVAL"):
		return literal(typeOf("Interval(MonthDayNano)"), operand)
	case strings.Contains(operand, "."):
		return literal(float64Type, operand)
	case strings.Trim(operand, "-0123456789") == "":
		return literal(int64Type, operand)
	}
	t.Fatalf("unknown operand %s", operand)
	return Arg{}
}

// TestRegistry compares the functions with those of a DataFusion session, whose catalog leaves out some that take no
// arguments.
func TestRegistry(t *testing.T) {
	unlisted := []string{"now", "current_timestamp", "current_date", "today", "current_time", "pi", "random", "uuid", "version"}
	file := oracletest.Load(t, "testdata/oracle.json")
	for _, entry := range file.Functions {
		name, kind, _ := strings.Cut(entry, " ")
		registry := map[string]map[string]*Function{"scalar": scalars, "aggregate": aggregates, "window": windows}[kind]
		if _, ok := registry[name]; !ok {
			t.Errorf("%s function %s is missing", kind, name)
		}
	}
	for kind, registry := range map[string]map[string]*Function{"scalar": scalars, "aggregate": aggregates, "window": windows} {
		for name, f := range registry {
			own := f.Kind == Planner || slices.Contains(ampFunctions, f)
			if !own && !slices.Contains(file.Functions, name+" "+kind) && !slices.Contains(unlisted, name) {
				t.Errorf("DataFusion has no %s function %s", kind, name)
			}
		}
	}
}
