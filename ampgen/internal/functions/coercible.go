package functions

import (
	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ampgen/ampgen/ampgen/internal/coerce"
)

// coercible takes one argument per parameter, each of a class of types or cast from another class.
type coercible []param

// param is one parameter: a class that is wanted, and classes whose values are cast to a type of it.
type param struct {
	want class
	from []class
	cast class // what values of from are cast to; its default cast decides the type
}

// class is a set of types that count as one.
type class struct {
	has func(native arrow.DataType) bool

	// adopt is the type that a value of the class has after coercion, nil if it keeps its own.
	adopt func(dt arrow.DataType) arrow.DataType
}

func (s coercible) takes(n int) bool { return n == len(s) }
func (s coercible) decided() bool    { return true }

func (s coercible) candidates(args []arrow.DataType) [][]arrow.DataType {
	types := make([]arrow.DataType, len(args))
	for i, dt := range args {
		var ok bool
		if types[i], ok = s[i].accept(dt); !ok {
			return nil
		}
	}
	return [][]arrow.DataType{types}
}

func (p param) accept(dt arrow.DataType) (arrow.DataType, bool) {
	if p.want.matches(dt) {
		return p.want.coerced(dt), true
	}
	for _, source := range p.from {
		if source.matches(dt) {
			return p.cast.coerced(dt), true
		}
	}
	return nil, false
}

// matches reports whether a value of type dt, or the value of a dictionary, is of the class. NULL is of every class.
func (c class) matches(dt arrow.DataType) bool {
	return coerce.IsNull(dt) || c.has(coerce.Unwrap(dt))
}

func (c class) coerced(dt arrow.DataType) arrow.DataType {
	if c.adopt == nil {
		return dt
	}
	return c.adopt(dt)
}

// The classes. Those that name one type cast to it; the others leave a value as it is.
var (
	anyType     = class{has: func(arrow.DataType) bool { return true }}
	integers    = class{has: coerce.IsInteger}
	floats      = class{has: coerce.IsFloat}
	decimals    = class{has: coerce.IsDecimal}
	numbers     = class{has: coerce.IsNumeric}
	timestamps  = class{has: coerce.IsTimestamp}
	times       = class{has: coerce.IsTime}
	intervals   = class{has: coerce.IsInterval}
	durations   = class{has: coerce.IsDuration}
	texts       = class{has: coerce.IsString, adopt: adoptString}
	byteStrings = class{has: coerce.IsBinary, adopt: adoptBinary}
	dates       = class{has: coerce.IsDate, adopt: adoptDate}

	// anyBytes counts fixed-size binary as well, and leaves it as it is.
	anyBytes = class{has: func(dt arrow.DataType) bool {
		return coerce.IsBinary(dt) || dt.ID() == arrow.FIXED_SIZE_BINARY
	}}
)

// one is the class of a single type.
func one(text string) class {
	dt := typeOf(text)
	return class{
		has:   func(native arrow.DataType) bool { return coerce.Equal(native, dt) },
		adopt: func(arrow.DataType) arrow.DataType { return dt },
	}
}

// want is a parameter of a class, with the classes that are cast to it.
func want(c class, from ...class) param { return param{want: c, from: from, cast: c} }

// wantOr is a parameter of a class, with classes that are cast to another type.
func wantOr(c class, cast class, from ...class) param { return param{want: c, from: from, cast: cast} }

// params is a coercible signature whose parameters take one class each.
func params(classes ...class) coercible {
	out := make(coercible, len(classes))
	for i, c := range classes {
		out[i] = want(c)
	}
	return out
}

func adoptString(dt arrow.DataType) arrow.DataType {
	switch {
	case coerce.IsString(dt):
		return dt
	case dt.ID() == arrow.LARGE_BINARY:
		return largeUtf8
	case dt.ID() == arrow.BINARY_VIEW:
		return utf8View
	}
	return firstCastable(dt, utf8View, largeUtf8, utf8)
}

func adoptBinary(dt arrow.DataType) arrow.DataType {
	switch {
	case coerce.IsBinary(dt):
		return dt
	case dt.ID() == arrow.LARGE_STRING:
		return largeBinary
	case dt.ID() == arrow.STRING_VIEW:
		return binaryView
	}
	return firstCastable(dt, binaryView, largeBinary, binary)
}

func adoptDate(dt arrow.DataType) arrow.DataType {
	if coerce.IsDate(dt) {
		return dt
	}
	return date32
}

func firstCastable(from arrow.DataType, types ...arrow.DataType) arrow.DataType {
	for _, dt := range types {
		if coerce.CanCast(from, dt) {
			return dt
		}
	}
	return types[len(types)-1]
}
