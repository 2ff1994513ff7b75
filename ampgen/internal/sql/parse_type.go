package sql

import (
	"strconv"

	"github.com/ampgen/ampgen/ampgen/internal/diag"
	"github.com/ampgen/ampgen/ampgen/internal/suggest"
)

// typeWord says what the first word of a type name means.
type typeWord struct {
	kind     TypeKind
	unsigned TypeKind // the kind with UNSIGNED; "" if there is none
	maxArgs  int      // numbers in parentheses
	keepArgs bool     // they count
	instead  string   // for a type that the server does not plan: what to write
}

// typeWords are the words that the server reads as built-in types.
var typeWords = map[string]*typeWord{
	"BOOLEAN": {kind: TypeBoolean}, "BOOL": {kind: TypeBoolean},
	"TINYINT":  {kind: TypeInt8, unsigned: TypeUint8, maxArgs: 1},
	"SMALLINT": {kind: TypeInt16, unsigned: TypeUint16, maxArgs: 1},
	"INT2":     {kind: TypeInt16, unsigned: TypeUint16, maxArgs: 1},
	"INT":      {kind: TypeInt32, unsigned: TypeUint32, maxArgs: 1},
	"INTEGER":  {kind: TypeInt32, unsigned: TypeUint32, maxArgs: 1},
	"INT4":     {kind: TypeInt32, unsigned: TypeUint32, maxArgs: 1},
	"BIGINT":   {kind: TypeInt64, unsigned: TypeUint64, maxArgs: 1},
	"INT8":     {kind: TypeInt64, unsigned: TypeUint64, maxArgs: 1},
	"FLOAT":    {kind: TypeFloat32, maxArgs: 1}, "REAL": {kind: TypeFloat32}, "FLOAT4": {kind: TypeFloat32},
	"DOUBLE": {kind: TypeFloat64}, "FLOAT8": {kind: TypeFloat64},
	"DECIMAL": {kind: TypeDecimal, maxArgs: 2, keepArgs: true}, "NUMERIC": {kind: TypeDecimal, maxArgs: 2, keepArgs: true},
	"VARCHAR": {kind: TypeText, maxArgs: 1}, "CHAR": {kind: TypeText, maxArgs: 1}, "TEXT": {kind: TypeText},
	"STRING": {kind: TypeText, maxArgs: 1}, "BYTEA": {kind: TypeBinary}, "DATE": {kind: TypeDate},
	"TIMESTAMP":   {kind: TypeTimestamp, maxArgs: 1, keepArgs: true},
	"TIMESTAMPTZ": {kind: TypeTimestampTZ, maxArgs: 1, keepArgs: true},
	"TIME":        {kind: TypeTime}, "INTERVAL": {kind: TypeInterval}, "ARRAY": {kind: TypeList}, "STRUCT": {kind: TypeStruct},

	"CHARACTER": {instead: "VARCHAR"}, "NVARCHAR": {instead: "VARCHAR"}, "CLOB": {instead: "VARCHAR"}, "TINYTEXT": {instead: "TEXT"},
	"MEDIUMTEXT": {instead: "TEXT"}, "LONGTEXT": {instead: "TEXT"}, "FIXEDSTRING": {instead: "VARCHAR"},
	"BINARY": {instead: "BYTEA"}, "VARBINARY": {instead: "BYTEA"}, "BLOB": {instead: "BYTEA"}, "TINYBLOB": {instead: "BYTEA"},
	"MEDIUMBLOB": {instead: "BYTEA"}, "LONGBLOB": {instead: "BYTEA"}, "BYTES": {instead: "BYTEA"}, "BIT": {instead: "BYTEA"},
	"VARBIT": {instead: "BYTEA"}, "UUID": {instead: "VARCHAR"}, "JSON": {instead: "VARCHAR"}, "JSONB": {instead: "VARCHAR"},
	"REGCLASS": {instead: "VARCHAR"}, "DATETIME": {instead: "TIMESTAMP"}, "DATETIME64": {instead: "TIMESTAMP(3)"},
	"TIMESTAMP_NTZ": {instead: "TIMESTAMP"}, "TIMETZ": {instead: "TIME"}, "DATE32": {instead: "DATE"}, "DEC": {instead: "DECIMAL"},
	"BIGNUMERIC": {instead: "DECIMAL(76, 38)"}, "BIGDECIMAL": {instead: "DECIMAL(76, 38)"}, "MEDIUMINT": {instead: "INT"},
	"INT16": {instead: "SMALLINT"}, "INT32": {instead: "INT"}, "INT64": {instead: "BIGINT"}, "INT128": {instead: "DECIMAL(38, 0)"},
	"INT256": {instead: "DECIMAL(76, 0)"}, "HUGEINT": {instead: "DECIMAL(38, 0)"}, "UHUGEINT": {instead: "DECIMAL(39, 0)"},
	"UINT8": {instead: "TINYINT UNSIGNED"}, "UINT16": {instead: "SMALLINT UNSIGNED"}, "UINT32": {instead: "INT UNSIGNED"},
	"UINT64": {instead: "BIGINT UNSIGNED"}, "UINT128": {instead: "DECIMAL(39, 0)"}, "UINT256": {instead: "DECIMAL(76, 0)"},
	"UTINYINT": {instead: "TINYINT UNSIGNED"}, "USMALLINT": {instead: "SMALLINT UNSIGNED"}, "UBIGINT": {instead: "BIGINT UNSIGNED"},
	"FLOAT32": {instead: "REAL"}, "FLOAT64": {instead: "DOUBLE"}, "SIGNED": {instead: "BIGINT"}, "UNSIGNED": {instead: "BIGINT UNSIGNED"},
	"ENUM": {instead: "VARCHAR"},
}

// typeName parses a type.
func (p *parser) typeName() *TypeName {
	p.enter()
	defer p.leave()
	start := p.pos
	t := p.peek(0)
	w := typeWords[t.Text]
	switch {
	case t.Kind != Word && t.Kind != QuotedName:
		p.expected("a type")
		return &TypeName{Pos: Pos{At: p.at(t)}, Kind: TypeText}
	case t.Kind != Word || w == nil || w.instead != "":
		return p.unsupportedType(t, w)
	}
	p.next()
	ty := &TypeName{Kind: w.kind}
	switch w.kind {
	case TypeList:
		p.expectSymbol("<")
		ty.Elem = p.typeName()
		p.closeAngle()
	case TypeStruct:
		p.structFields(ty)
	default:
		p.typeArgs(ty, w)
		p.typeSuffix(start, ty, w)
	}
	ty.Pos = p.since(start)
	for p.isSymbol(0, "[") {
		ty = p.arrayOf(start, ty)
	}
	return ty
}

// unsupportedType refuses a type that has no Arrow type, with all that belongs to its name.
func (p *parser) unsupportedType(t Token, w *typeWord) *TypeName {
	start := p.pos
	p.next()
	for p.acceptSymbol(".") {
		p.identifier("a type")
	}
	for p.isWord(0, "VARYING", "LARGE", "OBJECT", "INTEGER", "UNSIGNED") {
		p.next()
	}
	help := "the SQL types are BOOLEAN, TINYINT to BIGINT [UNSIGNED], REAL, DOUBLE, DECIMAL(p, s), VARCHAR, BYTEA, DATE, TIMESTAMP(p); " +
		"others need arrow_cast(x, 'type')"
	switch {
	case w != nil:
		help = "write " + w.instead
	case arrowTypes[t.Text] != "":
		help = "write arrow_cast(x, '" + arrowTypes[t.Text] + "')"
	case t.Kind == Word:
		if c := suggest.Closest(t.Text, supportedTypes); c != "" {
			help = suggest.DidYouMean(t.Text, []string{c})
		}
	}
	at := p.since(start)
	if p.isSymbol(0, "(") {
		p.skipParens()
	}
	p.unsupported(at.At, "the type "+at.At.Text(), help)
	return &TypeName{Pos: at, Kind: TypeText}
}

// arrowTypes are Arrow's names of types that have no SQL name, by their upper-case spelling.
var arrowTypes = map[string]string{
	"UTF8": "Utf8", "LARGEUTF8": "LargeUtf8", "UTF8VIEW": "Utf8View", "FIXEDSIZEBINARY": "FixedSizeBinary(32)",
	"LARGEBINARY": "LargeBinary", "BINARYVIEW": "BinaryView", "DATE64": "Date64", "FLOAT16": "Float16",
	"DECIMAL128": "Decimal128(38, 0)", "DECIMAL256": "Decimal256(76, 0)",
}

var supportedTypes = []string{
	"BOOLEAN", "TINYINT", "SMALLINT", "INT", "INTEGER", "BIGINT", "FLOAT", "REAL", "DOUBLE", "DECIMAL", "NUMERIC", "VARCHAR", "TEXT",
	"STRING", "BYTEA", "DATE", "TIMESTAMP", "TIMESTAMPTZ", "TIME", "INTERVAL", "ARRAY", "STRUCT",
}

// typeArgs parses the numbers in parentheses.
func (p *parser) typeArgs(ty *TypeName, w *typeWord) {
	if w.kind == TypeFloat64 && p.acceptWords("PRECISION") {
		return
	}
	if !p.isSymbol(0, "(") || w.maxArgs == 0 && w.kind != TypeFloat64 && w.kind != TypeTime {
		return
	}
	start := p.pos
	if w.kind == TypeText && p.isSymbol(0, "(") {
		p.skipParens() // a length, MAX, or a length with a unit; the server keeps none of them
		return
	}
	args := parens(p, func() []int { return list(p, p.typeNumber) })
	switch {
	case len(args) > max(w.maxArgs, 1):
		p.syntax(p.since(start).At, string(w.kind)+" takes at most "+strconv.Itoa(w.maxArgs)+" numbers", "delete the others")
	case w.maxArgs == 0:
		p.unsupported(p.since(start).At, string(w.kind)+" with a precision", "write "+string(w.kind))
	case w.keepArgs:
		ty.Args = args
	}
	if w.kind == TypeDecimal {
		p.checkDecimal(start, args)
	}
	if isTimestamp := w.kind == TypeTimestamp || w.kind == TypeTimestampTZ; isTimestamp && len(args) == 1 {
		if n := args[0]; n != 0 && n != 3 && n != 6 && n != 9 {
			p.unsupported(p.since(start).At, "TIMESTAMP("+strconv.Itoa(n)+")", "the precisions are 0, 3, 6 and 9")
		}
	}
}

// checkDecimal checks the precision and scale that the server accepts.
func (p *parser) checkDecimal(start int, args []int) {
	precision, scale := args[0], 0
	if len(args) > 1 {
		scale = args[1]
	}
	if precision < 1 || precision > 76 || scale > precision || -scale > precision {
		p.refuse(diag.Unsupported, p.since(start).At, "a decimal has a precision from 1 to 76 and a scale not above it",
			"write DECIMAL(38, 0), or DECIMAL(76, 0) for 256-bit integers")
	}
}

// typeNumber parses a number of a type; a scale may be negative.
func (p *parser) typeNumber() int {
	sign := 1
	if p.acceptSymbol("-") {
		sign = -1
	} else {
		p.acceptSymbol("+")
	}
	t := p.peek(0)
	n, err := strconv.Atoi(t.Text)
	if t.Kind != NumberToken || err != nil || n > 1<<20 {
		p.expected("a small whole number")
		return 0
	}
	p.next()
	return sign * n
}

// typeSuffix parses the words after a type's arguments.
func (p *parser) typeSuffix(start int, ty *TypeName, w *typeWord) {
	switch {
	case p.isWord(0, "UNSIGNED"):
		p.next()
		if ty.Kind = w.unsigned; ty.Kind == "" {
			ty.Kind = w.kind
			p.unsupported(p.since(start).At, string(w.kind)+" UNSIGNED", "write "+string(w.kind))
		}
	case w.unsigned != "" && p.acceptWords("SIGNED"):
	case w.kind == TypeTimestamp && p.acceptWords("WITH", "TIME", "ZONE"):
		ty.Kind = TypeTimestampTZ
	case w.kind == TypeTime && p.acceptWords("WITH", "TIME", "ZONE"):
		p.unsupported(p.since(start).At, "TIME WITH TIME ZONE", "write TIME")
	case w.kind == TypeTimestamp || w.kind == TypeTime:
		p.acceptWords("WITHOUT", "TIME", "ZONE")
	case w.kind == TypeInterval && unitWords[p.peek(0).Text] && p.peek(0).Kind == Word:
		p.next()
		if p.acceptWords("TO") {
			p.next()
		}
		p.unsupported(p.since(start).At, "INTERVAL with units as a type", "write INTERVAL")
	}
}

// structFields parses <name type, …>.
func (p *parser) structFields(ty *TypeName) {
	p.expectSymbol("<")
	ty.Fields = list(p, func() *TypeField {
		at, f := p.pos, &TypeField{}
		if p.isSymbol(1, ":") {
			p.syntax(p.at(p.peek(1)), `expected a type, found ":"`, "leave the colon out: STRUCT<name TYPE>")
		}
		// A word before another is a name, even one that could be the first word of a type.
		if k := p.peek(0).Kind; (k == Word || k == QuotedName) && (p.peek(1).Kind == Word || p.peek(1).Kind == QuotedName) {
			name := p.identifier("a field name")
			f.Name = &name
		}
		f.Type = p.typeName()
		f.Pos = p.since(at)
		return f
	})
	p.closeAngle()
}

// closeAngle consumes `>`, which may be half of a `>>`.
func (p *parser) closeAngle() {
	switch {
	case p.isSymbol(0, ">>"):
		p.split = p.pos
	default:
		p.expectSymbol(">")
	}
}

// arrayOf parses [] or [n] after a type.
func (p *parser) arrayOf(start int, elem *TypeName) *TypeName {
	p.next()
	ty := &TypeName{Kind: TypeList, Elem: elem}
	if !p.isSymbol(0, "]") {
		ty.Kind, ty.Size = TypeFixedList, p.typeNumber()
	}
	p.expectSymbol("]")
	ty.Pos = p.since(start)
	return ty
}
