package infer

import (
	"fmt"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ampgen/ampgen/ampgen/internal/abi"
	"github.com/ampgen/ampgen/ampgen/internal/coerce"
	"github.com/ampgen/ampgen/ampgen/internal/functions"
	"github.com/ampgen/ampgen/ampgen/internal/source"
)

// typed is a type with nullability.
type typed struct {
	Type     arrow.DataType
	Nullable bool
}

// value is what is known of an expression.
type value struct {
	r typed // announced: in the plan as written
	a typed // actual: in the data. Its nullability is never too narrow

	key       string             // expressions with equal keys are one expression to the planner; with outerKey in it if it reads an outer query
	lit       *functions.Literal // set for a bare literal
	constant  bool               // the server folds the expression before it runs the query
	col       *column            // set for a plain column, through parentheses and unary plus
	from      *column            // the column that a name reads, also when it reads a field of it
	shape     *shape             // what Solidity says of the value; nil if nothing
	block     int                // the identity of the block number that the value is; anyBlock for block_num(); 0 for others
	blockHash int                // the identity of the block whose hash the value is; 0 for others
	differ    *difference        // where announced and actual type begin to differ

	bad     bool        // a fault was reported below; everything made of it is bad and silent
	unknown source.Span // valid: inference has no type, because of the expression there
}

// anyBlock is the block identity of block_num(), which is the row's block in every plan.
const anyBlock = -1

// outerKey marks the keys of columns of an enclosing query.
const outerKey = "outer "

// difference is the smallest expression whose announced and actual types differ.
type difference struct {
	span source.Span
	r, a arrow.DataType
}

// poison is the value of an expression with a reported fault.
var poison = &value{bad: true}

// same is a value whose announced and actual types agree.
func same(t arrow.DataType, nullable bool) *value {
	ty := typed{t, nullable}
	return &value{r: ty, a: ty}
}

// spoiled returns poison, or the unknown value, if one of vs is; else nil.
func spoiled(vs ...*value) *value {
	for _, v := range vs {
		if v.bad {
			return poison
		}
	}
	for _, v := range vs {
		if v.unknown.Valid() {
			return &value{unknown: v.unknown}
		}
	}
	return nil
}

// derive sets what v takes from the values it was made of: the first place below where types differ, or v itself.
func derive(v *value, at source.Span, from ...*value) *value {
	for _, f := range from {
		if f != nil && f.differ != nil && v.differ == nil {
			v.differ = f.differ
		}
	}
	if v.differ == nil && v.r.Type != nil && !coerce.Equal(v.r.Type, v.a.Type) {
		v.differ = &difference{at, v.r.Type, v.a.Type}
	}
	return v
}

// agree reports whether announced and actual types of v are the same, so that one computation serves both.
func (v *value) agree() bool {
	return v.r.Nullable == v.a.Nullable && (v.r.Type == v.a.Type || coerce.Equal(v.r.Type, v.a.Type))
}

// logical is the meaning of decimal text.
func (v *value) logical() string {
	if v.shape == nil {
		return ""
	}
	return v.shape.text
}

// shape is the meaning of a value where its Arrow type does not tell.
type shape struct {
	text   string            // "uint256" or "int256" for decimal text
	fields map[string]*shape // of a struct
	elem   *shape            // of a list
}

// shapeOf finds the 256-bit integers in a Solidity type; nil if there are none.
func shapeOf(t abi.Type) *shape {
	switch t.Kind {
	case abi.Int, abi.Uint:
		if t.Bits == 256 {
			return &shape{text: t.String()}
		}
	case abi.Array, abi.FixedArray:
		if elem := shapeOf(*t.Elem); elem != nil {
			return &shape{elem: elem}
		}
	case abi.Tuple:
		fields := map[string]*shape{}
		for i, f := range t.Fields {
			if sh := shapeOf(f); sh != nil {
				fields[fmt.Sprintf("c%d", i)] = sh
			}
		}
		if len(fields) > 0 {
			return &shape{fields: fields}
		}
	}
	return nil
}

// shapeOfParams is the shape of a struct of parameters.
func shapeOfParams(params []abi.Param) *shape {
	fields := map[string]*shape{}
	for _, p := range params {
		if sh := shapeOf(p.Type); sh != nil {
			fields[p.Name] = sh
		}
	}
	return &shape{fields: fields}
}

func (sh *shape) field(name string) *shape {
	if sh == nil {
		return nil
	}
	return sh.fields[name]
}

func (sh *shape) item() *shape {
	if sh == nil {
		return nil
	}
	return sh.elem
}

func quote(s string) string { return `"` + s + `"` }

// settle is the edit that makes the announced and the actual type of the expression at span the same.
func settle(span source.Span, r, a arrow.DataType) string {
	text := span.Text()
	if len(text) > 40 || strings.ContainsAny(text, "\n\r") {
		text = "…"
	}
	if coerce.IsDecimal(r) && coerce.IsDecimal(a) || coerce.IsUnsigned(r) || coerce.IsUnsigned(a) {
		return fmt.Sprintf("cast it to the type you want, such as CAST(%s AS BIGINT) or CAST(%s AS DECIMAL(38, 0)); or cast its operands to one type", text, text)
	}
	if coerce.IsString(a) {
		return fmt.Sprintf("cast it: CAST(%s AS TEXT)", text)
	}
	return fmt.Sprintf("cast it to the type you want, such as arrow_cast(%s, '%s')", text, coerce.Format(a))
}
