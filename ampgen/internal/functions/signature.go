package functions

import (
	"slices"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ampgen/ampgen/ampgen/internal/coerce"
)

// signature is what a function takes. DataFusion knows a dozen kinds of signature; each yields candidates, lists of types
// that the arguments could be cast to, and coerceArguments picks one.
type signature interface {
	// takes reports whether a call may have n arguments.
	takes(n int) bool

	// candidates are the lists that fit args, best first; none if no list can fit.
	candidates(args []arrow.DataType) [][]arrow.DataType

	// decided reports whether the kind of signature has looked at the arguments already, so that its first candidate is
	// final and only has to be castable. The other kinds list types, which the arguments must reach without loss.
	decided() bool
}

// coerceArguments is DataFusion's choice among the candidates of a signature; false if the call does not fit.
func coerceArguments(sig signature, args []arrow.DataType) ([]arrow.DataType, bool) {
	if !sig.takes(len(args)) {
		return nil, false
	}
	candidates := sig.candidates(args)
	for _, types := range candidates {
		if slices.EqualFunc(types, args, coerce.Equal) {
			return args, true
		}
	}
	if sig.decided() {
		if len(candidates) == 0 {
			return nil, false
		}
		return candidates[0], castable(args, candidates[0])
	}
	for _, types := range candidates {
		if coerced, ok := reach(types, args); ok {
			return coerced, true
		}
	}
	return nil, false
}

func castable(from, to []arrow.DataType) bool {
	for i := range from {
		if !coerce.CanCast(from[i], to[i]) {
			return false
		}
	}
	return len(from) == len(to)
}

// reach coerces every argument up to the type listed for it.
func reach(types, args []arrow.DataType) ([]arrow.DataType, bool) {
	if len(types) != len(args) {
		return nil, false
	}
	out := make([]arrow.DataType, len(args))
	for i := range args {
		var ok bool
		if out[i], ok = coerceUp(types[i], args[i]); !ok {
			return nil, false
		}
	}
	return out, true
}

// exact takes exactly these types, in this order.
type exact []arrow.DataType

func (s exact) takes(n int) bool                               { return n == len(s) }
func (s exact) candidates([]arrow.DataType) [][]arrow.DataType { return [][]arrow.DataType{s} }
func (s exact) decided() bool                                  { return false }
func exactly(texts ...string) exact                            { return typesOf(texts) }

// uniform takes n arguments of one type out of a list, tried in order. A negative n is the least number of any.
type uniform struct {
	n     int
	types []arrow.DataType
}

func (s uniform) takes(n int) bool { return n == s.n || s.n < 0 && n >= -s.n }
func (s uniform) decided() bool    { return false }

func (s uniform) candidates(args []arrow.DataType) [][]arrow.DataType {
	out := make([][]arrow.DataType, len(s.types))
	for i, dt := range s.types {
		out[i] = repeat(dt, len(args))
	}
	return out
}

func uniformly(n int, texts ...string) uniform { return uniform{n, typesOf(texts)} }

// anything takes n arguments of any types; a negative n is any number, but not none.
type anything int

func (s anything) takes(n int) bool { return n == int(s) || s < 0 && n > 0 }
func (s anything) decided() bool    { return s >= 0 }
func (s anything) candidates(args []arrow.DataType) [][]arrow.DataType {
	return [][]arrow.DataType{args}
}

const variadicAny anything = -1

// nullary takes no arguments.
type nullary struct{}

func (nullary) takes(n int) bool                               { return n == 0 }
func (nullary) candidates([]arrow.DataType) [][]arrow.DataType { return [][]arrow.DataType{{}} }
func (nullary) decided() bool                                  { return true }

// number takes one number of any type. NULL becomes Float64.
type number struct{}

func (number) takes(n int) bool { return n == 1 }
func (number) decided() bool    { return true }

func (number) candidates(args []arrow.DataType) [][]arrow.DataType {
	switch {
	case coerce.IsNull(args[0]):
		return [][]arrow.DataType{{float64Type}}
	case coerce.IsNumeric(coerce.Unwrap(args[0])):
		return [][]arrow.DataType{args}
	}
	return nil
}

// comparable takes n arguments that compare with one another. All NULL becomes Utf8View.
type comparable int

func (s comparable) takes(n int) bool { return n == int(s) }
func (s comparable) decided() bool    { return true }

func (s comparable) candidates(args []arrow.DataType) [][]arrow.DataType {
	common := args[0]
	for _, dt := range args[1:] {
		var ok bool
		if common, ok = coerce.ComparisonNumeric(common, dt); !ok {
			return nil
		}
	}
	if coerce.IsNull(common) {
		common = utf8View
	}
	return [][]arrow.DataType{repeat(common, len(args))}
}

// custom is a signature that a function computes itself. It takes low to high arguments; a negative high is no limit.
type custom struct {
	low, high int
	types     func(args []arrow.DataType) ([]arrow.DataType, bool)
}

func (s custom) takes(n int) bool { return n >= s.low && (s.high < 0 || n <= s.high) }
func (s custom) decided() bool    { return true }

func (s custom) candidates(args []arrow.DataType) [][]arrow.DataType {
	types, ok := s.types(args)
	if !ok {
		return nil
	}
	return [][]arrow.DataType{types}
}

// oneOf takes what any of its alternatives takes. The candidates of all of them compete.
type oneOf []signature

func (s oneOf) takes(n int) bool {
	return slices.ContainsFunc(s, func(alternative signature) bool { return alternative.takes(n) })
}

func (s oneOf) decided() bool {
	return !slices.ContainsFunc(s, func(alternative signature) bool { return !alternative.decided() })
}

func (s oneOf) candidates(args []arrow.DataType) [][]arrow.DataType {
	var out [][]arrow.DataType
	for _, alternative := range s {
		if alternative.takes(len(args)) {
			out = append(out, alternative.candidates(args)...)
		}
	}
	return out
}

func repeat(dt arrow.DataType, n int) []arrow.DataType {
	return slices.Repeat([]arrow.DataType{dt}, n)
}
