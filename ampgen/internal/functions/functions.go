// Package functions is the function library of an Amp server: which functions exist, which arguments they take, what
// those arguments are cast to, and the type and nullability of the result.
//
// It holds the complete library of DataFusion 52.3, whose answers testdata/oracle.json records and the tests replay, and
// Amp's own functions. The rules of the library itself, the signatures, are in signature.go; the rest are tables.
package functions

import (
	"errors"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ampgen/ampgen/ampgen/internal/coerce"
)

// Kind says where a function may be called.
type Kind uint8

const (
	Scalar    Kind = iota // anywhere
	Aggregate             // over a group, or with OVER
	Window                // with OVER only
	Table                 // in FROM
	Planner               // a form that the planner replaces: unnest and make_map
)

func (k Kind) String() string {
	return [...]string{"scalar", "aggregate", "window", "table", "planner"}[k]
}

// Volatility says whether a function returns the same value for the same arguments.
type Volatility uint8

const (
	Immutable Volatility = iota // always
	Stable                      // within one query
	Volatile                    // never
)

// Function is one function of the library.
type Function struct {
	Name       string
	Aliases    []string
	Kind       Kind
	Volatility Volatility
	Params     []string // names for name => value arguments; nil if the function takes none

	OrderedSet  bool   // aggregates: takes WITHIN GROUP (ORDER BY …), which becomes its first argument
	IgnoreNulls bool   // aggregates: takes IGNORE NULLS and RESPECT NULLS without OVER
	StreamOnly  bool   // Amp refuses it in a batch query
	Replacement string // of a deprecated spelling, the function to call instead

	sig      signature
	returns  returnRule
	nullable nullRule // nil: always nullable, DataFusion's default
	literals map[int]literalRule

	saysNever bool                         // announced as never null although it can be
	runs      func(dt arrow.DataType) bool // nil: runs with every first argument that its signature takes
}

// Arg is one argument of a call.
type Arg struct {
	Type     arrow.DataType
	Nullable bool
	Literal  *Literal // nil unless the argument is a bare literal; a cast around it makes it none
	Constant bool     // an expression over literals alone, which the server folds before it runs the query; Literal implies it
	Name     string   // of a name => value argument
}

// Literal is the value of a literal argument.
type Literal struct {
	Text string // the value of a text, and the source text of any other literal
}

// Result is what a call yields.
type Result struct {
	Type     arrow.DataType
	Nullable bool // whether the values can be null

	// AnnouncedNullable is what the server's schema says, which for evm_decode_type is wrong: it says never and sends nulls.
	AnnouncedNullable bool

	// Coerced are the types that the arguments are cast to, in the order of the parameters.
	Coerced []arrow.DataType
}

// returnRule computes the type of a call whose arguments have been coerced.
type returnRule func(c *call) (arrow.DataType, error)

// nullRule computes the nullability of a call.
type nullRule func(c *call) bool

// literalRule checks an argument that must be a literal.
type literalRule func(c *call, i int) error

// call is one call under resolution.
type call struct {
	fn    *Function
	args  []Arg
	types []arrow.DataType // of the arguments, coerced
}

// Resolve types a call. It is asked once with the types that the plan announces and once with those of the data. The error
// is an *Error. It fails also where DataFusion would announce a type and then not run the query.
func (f *Function) Resolve(args []Arg) (Result, error) {
	ordered, from, fault := f.position(args)
	if fault != nil {
		return Result{}, fault
	}
	result, err := f.resolve(ordered)
	var e *Error
	if errors.As(err, &e) && e.Arg >= 0 {
		e.Arg = from[e.Arg]
	}
	return result, err
}

func (f *Function) resolve(args []Arg) (Result, error) {
	types := make([]arrow.DataType, len(args))
	for i, a := range args {
		types[i] = a.Type
	}
	if err := f.arity(len(args)); err != nil {
		return Result{}, err
	}
	c := &call{fn: f, args: args}
	for i := range args {
		if check := f.literals[i]; check != nil {
			if err := check(c, i); err != nil {
				return Result{}, err
			}
		}
	}
	var ok bool
	if c.types, ok = f.coerce(types); !ok {
		return Result{}, f.mismatch(types)
	}
	if f.runs != nil && !f.runs(c.types[0]) {
		return Result{}, &Error{Kind: Type, Function: f.Name, Arg: 0,
			Message: f.Name + " does not take " + coerce.Format(c.types[0]), Help: adviceFor(c.types[0])}
	}
	dt, err := f.returns(c)
	if err != nil {
		return Result{}, err
	}
	nullable := f.nullable == nil || f.nullable(c)
	return Result{Type: dt, Nullable: nullable, AnnouncedNullable: nullable && !f.saysNever, Coerced: c.types}, nil
}

// coerce is what the arguments are cast to, if the signature takes them and every cast exists. DataFusion does not cast
// the arguments of window functions.
func (f *Function) coerce(types []arrow.DataType) ([]arrow.DataType, bool) {
	coerced, ok := coerceArguments(f.sig, types)
	if !ok {
		return nil, false
	}
	for i := range coerced {
		if f.Kind != Window && !coerce.CanCast(types[i], coerced[i]) {
			return nil, false
		}
	}
	return coerced, true
}

// position puts named arguments in the place of their parameters. They come last, and leave no gap. The second result is
// where each argument came from.
func (f *Function) position(args []Arg) ([]Arg, []int, *Error) {
	ordered, from := make([]Arg, len(args)), make([]int, len(args))
	filled := make([]bool, len(args))
	named := false
	for i, a := range args {
		at := i
		if named = named || a.Name != ""; named {
			var fault *Error
			if at, fault = f.parameter(args, i); fault != nil {
				return nil, nil, fault
			}
		}
		if filled[at] {
			return nil, nil, f.badName(i, "parameter "+f.Params[at]+" has two values", "remove one")
		}
		ordered[at], from[at], filled[at] = a, i, true
	}
	return ordered, from, nil
}

// parameter is the place of the named argument i.
func (f *Function) parameter(args []Arg, i int) (int, *Error) {
	name := args[i].Name
	at := slices.Index(f.Params, name)
	switch {
	case name == "":
		return 0, f.badName(i, "a positional argument follows a named one", "name it too")
	case f.Params == nil:
		return 0, f.badName(i, f.Name+" takes no named arguments", "remove "+name+" =>")
	case at < 0:
		return 0, f.badName(i, f.Name+" has no parameter "+name, "its parameters are "+list(f.Params))
	case at >= len(args):
		return 0, f.badName(i, "a parameter before "+name+" has no value", "its parameters are "+list(f.Params))
	}
	return at, nil
}

func (f *Function) badName(i int, message, help string) *Error {
	return &Error{Kind: Named, Function: f.Name, Arg: i, Message: message, Help: help}
}
