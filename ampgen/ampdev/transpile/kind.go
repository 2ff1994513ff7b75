package transpile

import (
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ampgen/ampgen/ampgen/internal/sql"
)

// kind is as much of an expression's type as decides how it is written.
type kind uint8

const (
	unknown  kind = iota
	integer       // signed
	unsigned      // UInt64, which does not mix with signed integers but through decimals
	floating
	decimal
	text
	binary
	timestamp
	boolean
)

// kind tells the kind of an expression if that is easy: names are looked up in all tables and select aliases of the
// statement, and must mean the same kind everywhere.
func (w *writer) kind(e sql.Expr) kind { return w.kindOf(e, 0) }

// maxLookups ends the search when aliases name each other.
const maxLookups = 16

func (w *writer) kindOf(e sql.Expr, depth int) kind {
	if depth > maxLookups {
		return unknown
	}
	switch e := e.(type) {
	case *sql.Paren:
		return w.kindOf(e.Expr, depth+1)
	case *sql.Unary:
		if e.Op == sql.OpNot {
			return boolean
		}
		return w.kindOf(e.Operand, depth+1)
	case *sql.Literal:
		switch e.Kind {
		case sql.Number:
			if strings.ContainsAny(e.Value, ".eE") {
				return floating
			}
			return integer
		case sql.String:
			return text
		case sql.Hex:
			return binary
		}
	case *sql.Cast:
		return kindOfType(e.Type.Kind)
	case *sql.TypedLiteral:
		return kindOfType(e.Type.Kind)
	case *sql.ColumnRef:
		return w.kindOfName(e, depth)
	case *sql.Binary:
		return w.kindOfBinary(e, depth)
	case *sql.Call:
		return w.kindOfCall(e, depth)
	}
	return unknown
}

func kindOfType(t sql.TypeKind) kind {
	switch t {
	case sql.TypeInt8, sql.TypeInt16, sql.TypeInt32, sql.TypeInt64, sql.TypeUint8, sql.TypeUint16, sql.TypeUint32:
		return integer
	case sql.TypeUint64:
		return unsigned
	case sql.TypeFloat32, sql.TypeFloat64:
		return floating
	case sql.TypeDecimal:
		return decimal
	case sql.TypeText:
		return text
	case sql.TypeBinary:
		return binary
	case sql.TypeTimestamp, sql.TypeTimestampTZ, sql.TypeDate:
		return timestamp
	case sql.TypeBoolean:
		return boolean
	}
	return unknown
}

func kindOfArrow(t arrow.DataType) kind {
	switch t.ID() {
	case arrow.INT8, arrow.INT16, arrow.INT32, arrow.INT64, arrow.UINT8, arrow.UINT16, arrow.UINT32:
		return integer
	case arrow.UINT64:
		return unsigned
	case arrow.DECIMAL128:
		return decimal
	case arrow.STRING:
		return text
	case arrow.BINARY, arrow.FIXED_SIZE_BINARY:
		return binary
	case arrow.TIMESTAMP:
		return timestamp
	case arrow.BOOL:
		return boolean
	}
	return unknown
}

func (w *writer) kindOfName(e *sql.ColumnRef, depth int) kind {
	name, found := e.Parts[len(e.Parts)-1].Name, unknown
	agree := func(k kind) bool {
		if found == unknown || found == k {
			found = k
			return true
		}
		return false
	}
	for _, schema := range w.schemas {
		if i := schema.FieldIndices(name); i != nil && !agree(kindOfArrow(schema.Field(i[0]).Type)) {
			return unknown
		}
	}
	if item, ok := w.items[name]; ok {
		if ref, same := item.(*sql.ColumnRef); same && ref.Parts[len(ref.Parts)-1].Name == name {
			return found
		}
		if !agree(w.kindOf(item, depth+1)) {
			return unknown
		}
	}
	return found
}

func (w *writer) kindOfBinary(e *sql.Binary, depth int) kind {
	l, r := w.kindOf(e.Left, depth+1), w.kindOf(e.Right, depth+1)
	switch e.Op {
	case sql.OpPlus, sql.OpMinus, sql.OpMultiply, sql.OpDivide, sql.OpModulo:
	case sql.OpConcat:
		return text
	default:
		return unknown
	}
	switch {
	case l == unknown || r == unknown:
		return unknown
	case l == floating || r == floating:
		return floating
	case l == r:
		return l
	}
	return decimal // UInt64 and a signed integer, or a decimal and something narrower
}

func (w *writer) kindOfCall(e *sql.Call, depth int) kind {
	switch e.Name[len(e.Name)-1].Name {
	case "count", "row_number", "rank", "dense_rank", "length", "char_length", "character_length", "octet_length", "date_part":
		return integer
	case "block_num":
		return unsigned
	case "sum", "min", "max", "abs", "coalesce", "greatest", "least", "lag", "lead", "first_value", "last_value":
		if len(e.Args) > 0 {
			return w.kindOf(e.Args[0].Value, depth+1)
		}
	case "evm_topic", "evm_encode_hex", "evm_encode_params", "evm_encode_type", "sha256":
		return binary
	case "evm_decode_hex", "shift_units", "lower", "upper", "concat", "substr", "encode", "replace":
		return text
	case "date_trunc", "now", "to_timestamp":
		return timestamp
	case "sqrt", "exp", "ln", "log10", "log2", "power", "pow":
		return floating
	}
	return unknown
}
