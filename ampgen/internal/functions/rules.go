package functions

import (
	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ampgen/ampgen/ampgen/internal/coerce"
)

// fixed is the same type for every call.
func fixed(text string) returnRule {
	dt := typeOf(text)
	return func(*call) (arrow.DataType, error) { return dt, nil }
}

// same is the type of one coerced argument.
func same(i int) returnRule {
	return func(c *call) (arrow.DataType, error) { return c.types[i], nil }
}

// of computes the result from the first coerced argument.
func of(rule func(dt arrow.DataType) arrow.DataType) returnRule {
	return func(c *call) (arrow.DataType, error) { return rule(c.types[0]), nil }
}

// plainText is the text that most text functions return, which is never a view.
func plainText(dt arrow.DataType) arrow.DataType {
	switch coerce.Unwrap(dt).ID() {
	case arrow.LARGE_STRING, arrow.LARGE_BINARY:
		return largeUtf8
	case arrow.NULL:
		return null
	}
	return utf8
}

// textOrView is plainText for functions that return a view for a view.
func textOrView(dt arrow.DataType) arrow.DataType {
	if dt.ID() == arrow.STRING_VIEW {
		return dt
	}
	return plainText(dt)
}

// position is the integer that counts within a text: Int64 for large ones.
func position(dt arrow.DataType) arrow.DataType {
	switch coerce.Unwrap(dt).ID() {
	case arrow.LARGE_STRING, arrow.LARGE_BINARY:
		return int64Type
	case arrow.NULL:
		return null
	}
	return int32Type
}

// float keeps Float32 and computes everything else in Float64.
func float(dt arrow.DataType) arrow.DataType {
	if dt.ID() == arrow.FLOAT32 {
		return float32Type
	}
	return float64Type
}

// widestText is a view if any argument is one, else large if any is.
func widestText(types []arrow.DataType) arrow.DataType {
	widest := utf8
	for _, dt := range types {
		switch {
		case dt.ID() == arrow.STRING_VIEW:
			return utf8View
		case dt.ID() == arrow.LARGE_STRING:
			widest = largeUtf8
		}
	}
	return widest
}

// firstTyped is the first coerced argument that is not NULL.
func firstTyped(c *call) (arrow.DataType, error) {
	for _, dt := range c.types {
		if !coerce.IsNull(dt) {
			return dt, nil
		}
	}
	return null, nil
}

// orElse is the first coerced argument, or the second if that is NULL, or a list of nothing if both are.
func orElse(c *call) (arrow.DataType, error) {
	for _, dt := range c.types {
		if !coerce.IsNull(dt) {
			return dt, nil
		}
	}
	return coerce.ListOf(null), nil
}

func never(*call) bool { return false }

func ifAny(c *call) bool {
	for _, a := range c.args {
		if a.Nullable {
			return true
		}
	}
	return false
}

func ifAll(c *call) bool {
	for _, a := range c.args {
		if !a.Nullable {
			return false
		}
	}
	return true
}

// ifFirst is nullable as the first argument is.
func ifFirst(c *call) bool { return c.args[0].Nullable }

// text requires a literal text that is not empty.
func text(c *call, i int) error {
	a := c.args[i]
	switch {
	case a.Literal == nil:
		return &Error{Kind: NotLiteral, Function: c.fn.Name, Arg: i, Message: c.fn.Name + " needs a literal text here", Help: "write it in single quotes"}
	case !coerce.IsString(a.Type):
		return c.invalid(i, c.fn.Name+" needs a text here, not "+coerce.Format(a.Type), "write it in single quotes")
	case a.Literal.Text == "":
		return c.invalid(i, "the text is empty", "")
	}
	return nil
}

// constant requires an argument that is the same for all rows.
func constant(c *call, i int) error {
	if a := c.args[i]; a.Literal != nil || a.Constant {
		return nil
	}
	return &Error{Kind: NotLiteral, Function: c.fn.Name, Arg: i, Message: c.fn.Name + " needs a constant here, the same for all rows", Help: "write a literal"}
}

// constantText requires a constant that is a text.
func constantText(c *call, i int) error {
	if dt := c.args[i].Type; !coerce.IsString(dt) {
		return c.invalid(i, c.fn.Name+" needs a text here, not "+coerce.Format(dt), "write it in single quotes")
	}
	return constant(c, i)
}

// constants requires constants at some places of the arguments.
func constants(places ...int) map[int]literalRule {
	rules := make(map[int]literalRule, len(places))
	for _, i := range places {
		rules[i] = constant
	}
	return rules
}
