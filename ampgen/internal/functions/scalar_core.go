package functions

import (
	"errors"
	"strconv"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ampgen/ampgen/ampgen/internal/coerce"
)

// coreFunctions are the functions of conditions, structs and types.
var coreFunctions = []*Function{
	{Name: "arrow_cast", sig: params(anyType, texts), returns: arrowCast, nullable: ifAny, literals: map[int]literalRule{1: text}},
	{Name: "arrow_metadata", literals: constants(1), sig: oneOf{params(anyType), params(anyType, texts)}, returns: arrowMetadata},
	{Name: "arrow_typeof", sig: anything(1), returns: fixed("Utf8")},
	{Name: "coalesce", sig: custom{1, -1, unionAll}, returns: firstTyped, nullable: ifAll},
	{Name: "get_field", sig: custom{2, -1, asTheyAre}, returns: getField, nullable: fieldNullable},
	{Name: "greatest", sig: custom{1, -1, unionAll}, returns: same(0)},
	{Name: "least", sig: custom{1, -1, unionAll}, returns: same(0)},
	{Name: "named_struct", sig: custom{2, -1, asTheyAre}, returns: namedStruct},
	{Name: "nullif", sig: comparable(2), returns: same(0), runs: isFlat},
	{Name: "nvl", Aliases: []string{"ifnull"}, returns: firstTyped, nullable: ifAll, sig: uniformly(2,
		"Boolean", "UInt8", "UInt16", "UInt32", "UInt64", "Int8", "Int16", "Int32", "Int64", "Float32", "Float64",
		"Utf8View", "Utf8", "LargeUtf8")},
	{Name: "nvl2", sig: custom{3, 3, compareAll}, returns: same(1), nullable: func(c *call) bool {
		return c.args[1].Nullable || c.args[2].Nullable
	}},
	{Name: "struct", Aliases: []string{"row"}, sig: variadicAny, returns: func(c *call) (arrow.DataType, error) {
		fields := make([]arrow.Field, len(c.types))
		for i, dt := range c.types {
			fields[i] = arrow.Field{Name: "c" + strconv.Itoa(i), Type: dt, Nullable: true}
		}
		return arrow.StructOf(fields...), nil
	}},
	{Name: "union_extract", sig: anything(2), returns: unionExtract, literals: map[int]literalRule{1: text}},
	{Name: "union_tag", sig: anything(1), returns: fixed("Dictionary(Int8, Utf8)"), runs: isUnion},
	{Name: "version", sig: nullary{}, returns: fixed("Utf8")},
}

func asTheyAre(args []arrow.DataType) ([]arrow.DataType, bool) { return args, true }

func compareAll(args []arrow.DataType) ([]arrow.DataType, bool) {
	common := args[0]
	for _, dt := range args[1:] {
		var ok bool
		if common, ok = coerce.Comparison(common, dt); !ok {
			return nil, false
		}
	}
	return repeat(common, len(args)), true
}

func arrowCast(c *call) (arrow.DataType, error) {
	dt, err := coerce.ParseType(c.args[1].Literal.Text)
	if err != nil {
		e := &Error{Kind: Value, Function: c.fn.Name, Arg: 1, Message: err.Error()}
		var fault *coerce.ParseError
		if errors.As(err, &fault) {
			e.Offset, e.Length = fault.Offset, fault.Length
		}
		return nil, e
	}
	if !coerce.CanCast(c.types[0], dt) {
		return nil, &Error{Kind: Type, Function: c.fn.Name, Arg: 0,
			Message: "cannot cast " + coerce.Format(c.types[0]) + " to " + coerce.Format(dt), Help: adviceFor(c.types[0])}
	}
	return dt, nil
}

// arrowMetadata is the value of one key. Without a key it is a map of all, which Go's Arrow cannot describe: it calls the
// fields of every map key and value, and these are keys and values.
func arrowMetadata(c *call) (arrow.DataType, error) {
	if len(c.args) == 1 {
		return nil, &Error{Kind: Arity, Function: c.fn.Name, Arg: -1,
			Message: "the map of arrow_metadata(x) is not supported", Help: "ask for one key: arrow_metadata(x, 'key')"}
	}
	return utf8, nil
}

// getField follows a path of struct fields and map keys.
func getField(c *call) (arrow.DataType, error) {
	dt := c.types[0]
	for i := 1; i < len(c.types); i++ {
		field, err := c.step(dt, i)
		if err != nil {
			return nil, err
		}
		dt = field.Type
	}
	return dt, nil
}

// fieldNullable is true if any level of the path can be null.
func fieldNullable(c *call) bool {
	dt, nullable := c.types[0], c.args[0].Nullable
	for i := 1; i < len(c.types); i++ {
		field, _ := c.step(dt, i)
		dt, nullable = field.Type, nullable || field.Nullable
	}
	return nullable
}

// step is the field that argument i selects out of dt.
func (c *call) step(dt arrow.DataType, i int) (arrow.Field, error) {
	switch t := dt.(type) {
	case *arrow.StructType:
		if err := text(c, i); err != nil {
			return arrow.Field{}, err
		}
		if at, ok := t.FieldIdx(c.args[i].Literal.Text); ok {
			return t.Field(at), nil
		}
		names := make([]string, t.NumFields())
		for j, f := range t.Fields() {
			names[j] = f.Name
		}
		return arrow.Field{}, c.invalid(i, "the struct has no field "+strconv.Quote(c.args[i].Literal.Text), "its fields are "+list(names))
	case *arrow.MapType:
		if a := c.args[i]; a.Literal == nil || !coerce.Equal(a.Type, t.KeyType()) && !coerce.IsNull(a.Type) {
			return arrow.Field{}, &Error{Kind: NotLiteral, Function: c.fn.Name, Arg: i,
				Message: "a map is read by a literal key of type " + coerce.Format(t.KeyType()), Help: "use element_at(map, key), which returns a list"}
		}
		field := t.ItemField()
		field.Nullable = true
		return field, nil
	}
	if coerce.IsNull(dt) {
		return arrow.Field{Type: dt, Nullable: true}, nil
	}
	return arrow.Field{}, &Error{Kind: Type, Function: c.fn.Name, Arg: 0, Message: coerce.Format(dt) + " has no fields"}
}

func namedStruct(c *call) (arrow.DataType, error) {
	if len(c.args)%2 != 0 {
		return nil, &Error{Kind: Arity, Function: c.fn.Name, Arg: -1, Message: "named_struct takes pairs of a name and a value"}
	}
	fields := make([]arrow.Field, len(c.args)/2)
	for i := range fields {
		if err := text(c, 2*i); err != nil {
			return nil, err
		}
		fields[i] = arrow.Field{Name: c.args[2*i].Literal.Text, Type: c.types[2*i+1], Nullable: true}
	}
	return arrow.StructOf(fields...), nil
}

// isFlat reports whether values of a type compare with the kernels of arrow-rs.
func isFlat(dt arrow.DataType) bool {
	_, list := coerce.Item(dt)
	return !list && dt.ID() != arrow.STRUCT && dt.ID() != arrow.MAP
}

func isUnion(dt arrow.DataType) bool {
	_, ok := dt.(arrow.UnionType)
	return ok
}

func unionExtract(c *call) (arrow.DataType, error) {
	u, ok := c.types[0].(arrow.UnionType)
	if !ok {
		return nil, &Error{Kind: Type, Function: c.fn.Name, Arg: 0, Message: coerce.Format(c.types[0]) + " is no union"}
	}
	for _, f := range u.Fields() {
		if f.Name == c.args[1].Literal.Text {
			return f.Type, nil
		}
	}
	return nil, c.invalid(1, "the union has no field "+strconv.Quote(c.args[1].Literal.Text), "")
}
