package transpile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ampgen/ampgen/ampgen/ampdev/duck"
	"github.com/ampgen/ampgen/ampgen/internal/sql"
)

func (w *writer) exprs(list []sql.Expr) []string {
	var out []string
	for _, e := range list {
		out = append(out, w.expr(e))
	}
	return out
}

// expr writes an expression, in parentheses wherever its context could take it apart.
func (w *writer) expr(e sql.Expr) string {
	switch e := e.(type) {
	case *sql.ColumnRef:
		return w.columnRef(e)
	case *sql.Literal:
		return w.literal(e)
	case *sql.TypedLiteral:
		return w.cast(e.Value, e.Type, false)
	case *sql.Interval:
		if e.Unit == "" {
			return "CAST(" + w.expr(e.Value) + " AS INTERVAL)"
		}
		return "INTERVAL (" + w.expr(e.Value) + ") " + e.Unit
	case *sql.Paren:
		return "(" + w.expr(e.Expr) + ")"
	case *sql.Unary:
		return "(" + string(e.Op) + " " + w.expr(e.Operand) + ")"
	case *sql.Binary:
		return w.binary(e)
	case *sql.Is:
		return "(" + w.expr(e.Operand) + " IS " + not(e.Not) + is(e.Test) + ")"
	case *sql.InList:
		return "(" + w.expr(e.Operand) + " " + not(e.Not) + "IN (" + list(w.exprs(e.List)) + "))"
	case *sql.Between:
		return "(" + w.expr(e.Operand) + " " + not(e.Not) + "BETWEEN " + w.expr(e.Low) + " AND " + w.expr(e.High) + ")"
	case *sql.Like:
		return w.like(e)
	case *sql.Case:
		return w.caseExpr(e)
	case *sql.Cast:
		return w.cast(e.Operand, e.Type, e.Try)
	case *sql.AtTimeZone:
		if zone := strings.ToUpper(e.Zone.Value); zone != "UTC" && zone != "+00:00" && zone != "Z" {
			return w.unserved(e, "time zones other than UTC")
		}
		return "CAST(" + w.expr(e.Operand) + " AS TIMESTAMP_NS)"
	case *sql.Call:
		return w.call(e)
	case *sql.Subquery:
		return w.subquery(e, e.Query)
	case *sql.Exists:
		return "(" + not(e.Not) + "EXISTS " + w.subquery(e, e.Query) + ")"
	case *sql.InSubquery:
		return "(" + w.expr(e.Operand) + " " + not(e.Not) + "IN " + w.subquery(e, e.Query) + ")"
	}
	return w.nested(e)
}

// nested writes expressions that make or take apart lists, structs and maps.
func (w *writer) nested(e sql.Expr) string {
	switch e := e.(type) {
	case *sql.Array:
		return "[" + list(w.exprs(e.Elems)) + "]"
	case *sql.Struct:
		var fields []string
		for i, f := range e.Fields {
			name := fmt.Sprintf("c%d", i)
			if f.Name != nil {
				name = f.Name.Value
			}
			fields = append(fields, duck.Quote(name)+" := "+w.expr(f.Value))
		}
		return "struct_pack(" + list(fields) + ")"
	case *sql.Map:
		var entries []string
		for _, entry := range e.Entries {
			entries = append(entries, w.expr(entry.Key)+": "+w.expr(entry.Value))
		}
		return "MAP {" + list(entries) + "}"
	case *sql.Subscript:
		return "(" + w.expr(e.Base) + ")[" + w.expr(e.Index) + "]"
	case *sql.Slice:
		text := "(" + w.expr(e.Base) + ")[" + w.expr(e.Low) + ":" + w.expr(e.High)
		if e.Step != nil {
			text += ":" + w.expr(e.Step)
		}
		return text + "]"
	}
	return w.unserved(e, "this expression")
}

// like states the escape that DataFusion has by default and DuckDB has not, where the pattern can have one.
func (w *writer) like(e *sql.Like) string {
	text := w.expr(e.Operand) + " " + not(e.Not) + string(e.Kind) + " " + w.expr(e.Pattern)
	pattern, literal := e.Pattern.(*sql.Literal)
	switch {
	case e.Escape != nil:
		text += " ESCAPE " + duck.Text(e.Escape.Value)
	case e.Kind != sql.LikeSimilar && (!literal || strings.Contains(pattern.Value, `\`)):
		text += ` ESCAPE '\'`
	}
	return "(" + text + ")"
}

func not(yes bool) string {
	if yes {
		return "NOT "
	}
	return ""
}

func is(test sql.IsTest) string {
	if test == sql.IsUnknown {
		return "NULL"
	}
	return string(test)
}

func (w *writer) subquery(e sql.Expr, q *sql.Query) string {
	if w.streaming() {
		return w.unserved(e, "subqueries in the expressions of a stream")
	}
	return "(" + w.query(q, false, hidden) + ")"
}

// columnRef replaces the qualifier of a table without alias by the alias that it has here.
func (w *writer) columnRef(e *sql.ColumnRef) string {
	parts := idents(e.Parts)
	if len(parts) > 2 {
		if alias, ok := w.unaliased[e.Parts[0].Name+"."+e.Parts[1].Name]; ok {
			parts = append([]string{duck.Quote(alias)}, parts[2:]...)
		}
	}
	return strings.Join(parts, ".")
}

// literal keeps numbers with a fraction or an exponent floating, as on the server; DuckDB would make them decimals.
func (w *writer) literal(e *sql.Literal) string {
	switch e.Kind {
	case sql.Number:
		if strings.ContainsAny(e.Value, ".eE") {
			return "CAST(" + e.Value + " AS DOUBLE)"
		}
		return e.Value
	case sql.String:
		return duck.Text(e.Value)
	case sql.Hex:
		if len(e.Value)%2 == 1 {
			return "unhex(" + duck.Text("0"+e.Value) + ")"
		}
		return "unhex(" + duck.Text(e.Value) + ")"
	case sql.Boolean:
		return e.Value
	}
	return "NULL"
}

func (w *writer) caseExpr(e *sql.Case) string {
	text := "CASE"
	if e.Operand != nil {
		text += " " + w.expr(e.Operand)
	}
	for _, when := range e.Whens {
		text += " WHEN " + w.expr(when.Cond) + " THEN " + w.expr(when.Result)
	}
	if e.Else != nil {
		text += " ELSE " + w.expr(e.Else)
	}
	return text + " END"
}

// operators are those that DuckDB spells otherwise: $1 and $2 are the operands.
var operators = map[sql.Op]string{
	sql.OpBitXor:       "xor($1, $2)",
	sql.OpMatch:        "regexp_matches($1, $2)",
	sql.OpNotMatch:     "NOT regexp_matches($1, $2)",
	sql.OpIMatch:       "regexp_matches($1, $2, 'i')",
	sql.OpNotIMatch:    "NOT regexp_matches($1, $2, 'i')",
	sql.OpLikeMatch:    `$1 LIKE $2 ESCAPE '\'`,
	sql.OpILikeMatch:   `$1 ILIKE $2 ESCAPE '\'`,
	sql.OpNotLikeMatch: `$1 NOT LIKE $2 ESCAPE '\'`,
	sql.OpNotILike:     `$1 NOT ILIKE $2 ESCAPE '\'`,
	sql.OpContains:     "list_has_all($1, $2)",
	sql.OpContainedBy:  "list_has_all($2, $1)",
}

// sameOperators mean the same in DuckDB.
var sameOperators = []sql.Op{sql.OpPlus, sql.OpMinus, sql.OpMultiply, sql.OpConcat, sql.OpEq, sql.OpNotEq, sql.OpLess,
	sql.OpLessEq, sql.OpGreater, sql.OpGreaterEq, sql.OpDistinct, sql.OpNotDistinct, sql.OpAnd, sql.OpOr, sql.OpBitAnd, sql.OpBitOr,
	sql.OpShiftLeft, sql.OpShiftRight}

func (w *writer) binary(e *sql.Binary) string {
	left, right := w.expr(e.Left), w.expr(e.Right)
	switch e.Op {
	case sql.OpDivide:
		return w.divide(e, left, right)
	case sql.OpModulo:
		return w.zeroFails(e, "("+left+" % "+right+")", right)
	}
	if template, ok := operators[e.Op]; ok {
		return "(" + fill(template, []string{left, right}) + ")"
	}
	if slices.Contains(sameOperators, e.Op) {
		return "(" + left + " " + string(e.Op) + " " + right + ")"
	}
	return w.unserved(e, "the operator "+string(e.Op))
}

// divide writes a division, which drops the fraction of integers on the server and never does in DuckDB.
func (w *writer) divide(e *sql.Binary, left, right string) string {
	l, r := w.kind(e.Left), w.kind(e.Right)
	switch {
	case l == floating || r == floating:
		return "(CAST(" + left + " AS DOUBLE) / CAST(" + right + " AS DOUBLE))"
	case l == integer && r == integer, l == unsigned && r == unsigned:
		return w.zeroFails(e, "("+left+" // "+right+")", right)
	}
	return w.unserved(e, "a division whose operands are not both integers of one sign or floating; cast them")
}

// zeroFails makes a division by zero an error, which is null in DuckDB.
func (w *writer) zeroFails(e *sql.Binary, text, right string) string {
	if l, ok := e.Right.(*sql.Literal); ok && strings.Trim(l.Value, "0") != "" || w.kind(e.Left) == floating || w.kind(e.Right) == floating {
		return text
	}
	return "CASE WHEN " + right + " = 0 THEN error('divide by zero') ELSE " + text + " END"
}

// typeNames are the SQL types of the dialect in DuckDB.
var typeNames = map[sql.TypeKind]string{
	sql.TypeBoolean: "BOOLEAN", sql.TypeInt8: "TINYINT", sql.TypeInt16: "SMALLINT", sql.TypeInt32: "INTEGER", sql.TypeInt64: "BIGINT",
	sql.TypeUint8: "UTINYINT", sql.TypeUint16: "USMALLINT", sql.TypeUint32: "UINTEGER", sql.TypeUint64: "UBIGINT",
	sql.TypeFloat32: "FLOAT", sql.TypeFloat64: "DOUBLE", sql.TypeText: "VARCHAR", sql.TypeBinary: "BLOB", sql.TypeDate: "DATE",
	sql.TypeTimestamp: "TIMESTAMP_NS", sql.TypeTimestampTZ: "TIMESTAMP_NS", sql.TypeTime: "TIME", sql.TypeInterval: "INTERVAL",
}

func (w *writer) typeName(t *sql.TypeName) string {
	switch t.Kind {
	case sql.TypeDecimal:
		precision, scale := 38, 10
		if len(t.Args) > 0 {
			precision, scale = t.Args[0], 0
		}
		if len(t.Args) > 1 {
			scale = t.Args[1]
		}
		if precision > 38 {
			if scale == 0 {
				return "VARCHAR" // what Decimal256 is here
			}
			return w.unserved(t, "decimals of more than 38 digits with a fraction")
		}
		return fmt.Sprintf("DECIMAL(%d,%d)", precision, scale)
	case sql.TypeList, sql.TypeFixedList:
		return w.typeName(t.Elem) + "[]"
	case sql.TypeStruct:
		var fields []string
		for i, f := range t.Fields {
			name := fmt.Sprintf("c%d", i)
			if f.Name != nil {
				name = f.Name.Name
			}
			fields = append(fields, duck.Quote(name)+" "+w.typeName(f.Type))
		}
		return "STRUCT(" + list(fields) + ")"
	}
	if name, ok := typeNames[t.Kind]; ok {
		return name
	}
	return w.unserved(t, "the type "+string(t.Kind))
}

// cast writes a cast. Where text and other types meet the two systems' texts differ, and the kinds have to be known.
func (w *writer) cast(operand sql.Expr, t *sql.TypeName, try bool) string {
	value, word := w.expr(operand), "CAST"
	if try {
		word = "TRY_CAST"
	}
	if t.Kind == sql.TypeText {
		switch w.kind(operand) {
		case binary:
			return "decode(" + value + ")"
		case timestamp:
			return w.unserved(operand, "timestamps as text")
		}
	}
	if t.Kind == sql.TypeBinary && w.kind(operand) == text {
		return "encode(" + value + ")"
	}
	name := w.typeName(t)
	if k := kindOfType(t.Kind); k == integer || k == unsigned {
		return w.castToInteger(operand, value, name, try)
	}
	return word + "(" + value + " AS " + name + ")"
}

// castToInteger drops a fraction, where DuckDB rounds, and takes no text but digits, where DuckDB takes spaces and fractions.
func (w *writer) castToInteger(operand sql.Expr, value, name string, try bool) string {
	word, otherwise := "CAST", "error('cannot cast ' || "+value+" || ' to "+name+"')"
	if try {
		word, otherwise = "TRY_CAST", "NULL"
	}
	switch w.kind(operand) {
	case floating, decimal:
		value = "trunc(" + value + ")"
	case text:
		return fmt.Sprintf("CASE WHEN regexp_full_match(%[1]s, '[+-]?[0-9]+') THEN %[2]s(%[1]s AS %[3]s) WHEN %[1]s IS NOT NULL THEN %[4]s END",
			value, word, name, otherwise)
	}
	return word + "(" + value + " AS " + name + ")"
}

// fill puts arguments into a template: $1 to $9 are arguments, $* is all of them.
func fill(template string, args []string) string {
	pairs := []string{"$*", list(args)}
	for i, arg := range args {
		pairs = append(pairs, fmt.Sprintf("$%d", i+1), arg)
	}
	return strings.NewReplacer(pairs...).Replace(template)
}
