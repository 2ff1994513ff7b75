package postgres

import (
	"testing"

	"github.com/ampgen/ampgen/runtime"
)

func span(start, end uint64, hash string) runtime.Range {
	return runtime.Range{Network: "eth", Start: start, End: end, Hash: hash}
}

func TestAdmit(t *testing.T) {
	committedRanges := func(ranges ...runtime.Range) (out []committed) {
		for _, r := range ranges {
			out = append(out, committed{Range: r})
		}
		return out
	}
	have := committedRanges(span(0, 9, "h9"), span(10, 19, "h19"), span(30, 39, ""), span(40, 49, "h49"))
	for _, c := range []struct {
		name    string
		unit    []runtime.Range
		covered bool
		class   runtime.Class
		fails   bool
	}{
		{name: "nothing overlaps", unit: []runtime.Range{span(20, 29, "h29")}},
		{name: "no ranges", unit: nil},
		{name: "the same", unit: []runtime.Range{span(10, 19, "h19")}, covered: true},
		{name: "the end of one", unit: []runtime.Range{span(15, 19, "h19")}, covered: true},
		{name: "two together", unit: []runtime.Range{span(5, 19, "h19")}, covered: true},
		{name: "unproven, the same", unit: []runtime.Range{span(30, 39, "")}, covered: true},
		{name: "ends proven over an unproven one", unit: []runtime.Range{span(30, 49, "h49")}, covered: true},
		{name: "a gap inside", unit: []runtime.Range{span(10, 49, "h49")}, fails: true},
		{name: "another branch", unit: []runtime.Range{span(10, 19, "x")}, fails: true, class: runtime.Reorged},
		{name: "proven over unproven", unit: []runtime.Range{span(30, 39, "h39")}, fails: true},
		{name: "unproven over proven", unit: []runtime.Range{span(10, 19, "")}, fails: true},
		{name: "a part of an unproven one", unit: []runtime.Range{span(35, 39, "")}, fails: true},
		{name: "beyond the end", unit: []runtime.Range{span(10, 25, "h25")}, fails: true},
		{name: "inside", unit: []runtime.Range{span(12, 15, "h15")}, fails: true},
		{name: "half covered", unit: []runtime.Range{span(10, 19, "h19"), {Network: "base", End: 9, Hash: "b9"}}, fails: true},
		{name: "another network", unit: []runtime.Range{{Network: "base", End: 19, Hash: "b19"}}},
	} {
		covered, err := admit(runtime.Unit{Ranges: c.unit}, have)
		if covered != c.covered || (err != nil) != c.fails || err != nil && runtime.ClassOf(err) != c.class {
			t.Errorf("%s: covered %v, %v", c.name, covered, err)
		}
	}
}
