package coerce

import (
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ampgen/ampgen/ampgen/internal/coerce/oracletest"
)

// TestOracle replays what DataFusion 52.3.0 answered for every pair of types, see ../functions/testdata/oracle.py.
func TestOracle(t *testing.T) {
	file := oracletest.Load(t, "testdata/oracle.json")
	types := map[string]arrow.DataType{"NULL": arrow.Null}
	parse := func(text string) arrow.DataType {
		if dt, ok := types[text]; ok {
			return dt
		}
		dt, err := ParseType(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		types[text] = dt
		return dt
	}
	for name, text := range file.Types {
		types[name] = parse(text)
	}
	failures := make(map[string]int)
	for _, c := range file.Cases {
		operands := make([]arrow.DataType, len(c.Operands))
		for i, operand := range c.Operands {
			operands[i] = parse(operand)
		}
		announced, actual := infer(t, c.Name, operands)
		if announced == c.Announced && actual == c.Actual || c.Actual == "" && actual == "" {
			continue
		}
		if failures[c.Name]++; failures[c.Name] <= 10 {
			t.Errorf("%s; got %s | %s", c, announced, actual)
		}
	}
	for name, n := range failures {
		t.Errorf("%s: %d wrong", name, n)
	}
}

// infer returns the announced and the actual type of an operator over operands, as texts that are empty for a refusal.
func infer(t *testing.T, name string, operands []arrow.DataType) (announced, actual string) {
	text := func(dt arrow.DataType, err error) string {
		if err != nil {
			return ""
		}
		return Format(dt)
	}
	check := func(err error) (string, string) {
		if err != nil {
			return "Boolean", ""
		}
		return "Boolean", "Boolean"
	}
	same := func(dt arrow.DataType, err error) (string, string) { return text(dt, err), text(dt, err) }
	last := operands[len(operands)-1]
	switch name {
	case "LIKE":
		return check(Like(operands[0], last))
	case "IN":
		return check(Membership(operands[0], operands[1:]))
	case "BETWEEN":
		return check(Between(operands[0], operands[1], operands[2]))
	case "NOT", "IS TRUE":
		return check(Truth(last))
	case "negate":
		_, err := Negate(last)
		return text(last, nil), text(last, err)
	case "identity":
		return same(Identity(last))
	case "CASE":
		then := operands[:len(operands)-1]
		return text(AnnouncedBranches(then, last), nil), text(Branches(then, last))
	case "CASE without ELSE":
		return text(AnnouncedBranches(operands, nil), nil), text(Branches(operands, nil))
	case "UNION":
		return text(operands[0], nil), text(Inputs(operands))
	case "VALUES":
		return same(Values(operands))
	case "CAST":
		if !CanCast(operands[0], last) {
			return text(last, nil), ""
		}
		return text(last, nil), text(last, nil)
	}
	return text(Announced(Op(name), operands[0], last)), text(Actual(Op(name), operands[0], last))
}
