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
		name, window := strings.CutSuffix(c.Name, "@window")
		f, ok := Lookup(name, window)
		if !ok {
			t.Errorf("%s is unknown", name)
			continue
		}
		args := make([]Arg, len(c.Operands))
		for i, operand := range c.Operands {
			args[i] = argument(t, columns, operand)
		}
		got, err := f.Resolve(args)
		switch {
		case err != nil && c.Actual == "":
			continue
		case err == nil && c.Actual == c.Announced && coerce.Format(got.Type) == c.Actual && got.AnnouncedNullable == c.Nullable:
			continue
		case err == nil && coerce.Format(got.Type) == c.Announced && got.AnnouncedNullable == c.Nullable && exempt(c):
			continue
		}
		if failures[c.Name]++; failures[c.Name] <= 8 {
			if err != nil {
				t.Errorf("%s; got %v", c, err)
			} else {
				t.Errorf("%s; got %s, nullable %v", c, coerce.Format(got.Type), got.AnnouncedNullable)
			}
		}
	}
	for name, n := range failures {
		t.Errorf("%s: %d wrong", name, n)
	}
}

// exempt lists calls that DataFusion announces and then refuses to run, or runs with other nested flags, because of an
// operand that no Amp table has. Resolve answers with the announced type.
func exempt(c oracletest.Case) bool {
	return slices.ContainsFunc(c.Operands, func(operand string) bool {
		switch strings.TrimSuffix(operand, "!") {
		case "NULL": // a bare NULL where a value belongs
			return true
		case "dict", "dicti": // dictionaries, which the signatures count as their values and few functions then take
			return true
		case "lnn", "stnn": // items and fields that are not nullable, a flag that the functions lose
			return true
		}
		return false
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
