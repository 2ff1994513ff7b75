package transpile

import (
	"slices"
	"strings"

	"github.com/ampgen/ampgen/ampgen/ampdev/duck"
	"github.com/ampgen/ampgen/ampgen/internal/coerce"
	"github.com/ampgen/ampgen/ampgen/internal/sql"
)

// same are the functions that mean the same in DuckDB under the same name.
var same = strings.Fields(`
	abs ceil floor round cbrt exp pow power sin cos tan asin acos atan atan2 sinh cosh tanh asinh acosh atanh
	degrees radians pi gcd lcm factorial isnan greatest least coalesce nullif
	upper lower length left right lpad rpad ltrim rtrim replace reverse repeat starts_with ends_with strpos split_part translate
	ascii chr md5 concat concat_ws levenshtein bit_length contains
	date_trunc array_to_string array_length
	count sum min max median bool_and bool_or stddev stddev_pop stddev_samp var_pop var_samp corr covar_pop covar_samp
	bit_and bit_or bit_xor regr_slope regr_intercept regr_count regr_r2 regr_avgx regr_avgy regr_sxx regr_syy regr_sxy grouping
	row_number rank dense_rank percent_rank cume_dist ntile lag lead nth_value unnest`)

// functions are written otherwise in DuckDB: $1 and so on are arguments, $* is all of them. Where there are clauses inside or
// behind the parentheses, as aggregates have, the template is a plain name.
var functions = map[string]string{
	"signum": "sign($1)", "char_length": "length($1)", "character_length": "length($1)", "btrim": "trim($*)",
	"sqrt":   "CASE WHEN $1 < 0 THEN 'nan'::DOUBLE ELSE sqrt($1) END",
	"ln":     "CASE WHEN $1 > 0 THEN ln($1) WHEN $1 = 0 THEN '-infinity'::DOUBLE WHEN $1 < 0 THEN 'nan'::DOUBLE ELSE $1 END",
	"log2":   "CASE WHEN $1 > 0 THEN log2($1) WHEN $1 = 0 THEN '-infinity'::DOUBLE WHEN $1 < 0 THEN 'nan'::DOUBLE ELSE $1 END",
	"log10":  "CASE WHEN $1 > 0 THEN log10($1) WHEN $1 = 0 THEN '-infinity'::DOUBLE WHEN $1 < 0 THEN 'nan'::DOUBLE ELSE $1 END",
	"to_hex": "lower(to_hex($1))", "sha256": "unhex(sha256($1))", "nvl": "coalesce($*)", "ifnull": "coalesce($*)",
	"nvl2": "CASE WHEN $1 IS NOT NULL THEN $2 ELSE $3 END", "instr": "strpos($1, $2)", "datetrunc": "date_trunc($1, $2)",
	"date_part": "date_part(lower($1), $2)", "datepart": "date_part(lower($1), $2)", "now": "now()::TIMESTAMP::TIMESTAMP_NS",
	"current_timestamp": "now()::TIMESTAMP::TIMESTAMP_NS", "current_date": "current_date", "to_unixtime": "epoch_ns($1) // 1000000000",
	"to_timestamp_seconds": "make_timestamp_ns(CAST($1 AS BIGINT) * 1000000000)", "to_timestamp_nanos": "make_timestamp_ns(CAST($1 AS BIGINT))",
	"regexp_like": "regexp_matches($*)", "trunc": "trunc($1)", "random": "random()", "uuid": "uuid()::VARCHAR",
	"make_array": "list_value($*)", "make_list": "list_value($*)", "cardinality": "len($1)", "array_has": "list_contains($1, $2)",
	"array_contains": "list_contains($1, $2)", "list_contains": "list_contains($1, $2)", "list_has": "list_contains($1, $2)",
	"array_has_all": "list_has_all($1, $2)", "array_has_any": "list_has_any($1, $2)",
	"array_append": "list_append($1, $2)", "array_prepend": "list_prepend($1, $2)", "array_concat": "list_concat($*)",
	"array_position": "list_position($1, $2)", "array_element": "list_extract($1, $2)", "array_distinct": "list_distinct($1)",
	"get_field": "struct_extract($1, $2)", "array_sort": "list_sort($1)", "array_reverse": "list_reverse($1)",
	"var": "var_samp", "var_sample": "var_samp", "var_population": "var_pop", "covar": "covar_samp",
	"array_agg": "list", "string_agg": "string_agg", "approx_distinct": "approx_count_distinct",
}

func (w *writer) call(e *sql.Call) string {
	name := e.Name[len(e.Name)-1].Name
	if len(e.Name) > 1 {
		return w.unserved(e, "the function "+e.Name[0].Name+"."+name)
	}
	if text, ok := w.ampFunction(e, name); ok {
		return text
	}
	args := w.arguments(e)
	switch name {
	case "arrow_cast":
		return w.arrowCast(e)
	case "encode", "decode":
		return w.transcode(e, name, args[0])
	case "avg", "mean":
		if w.kind(e.Args[0].Value) == decimal || w.kind(e.Args[0].Value) == unknown {
			return w.unserved(e, "avg of what is not known to be an integer or floating; cast it to DOUBLE")
		}
		return w.clauses(e, "avg", args)
	case "first_value", "last_value":
		if e.Over == nil { // the aggregate, not the window function
			name = strings.TrimSuffix(name, "_value")
		}
		return w.clauses(e, name, args)
	case "substr":
		return substr(args)
	case "octet_length":
		switch w.kind(e.Args[0].Value) {
		case text:
			return "octet_length(encode(" + args[0] + "))"
		case binary:
			return "octet_length(" + args[0] + ")"
		}
		return w.unserved(e, "octet_length of what is not known to be text or binary; cast it")
	case "named_struct", "struct":
		return w.structCall(e, name, args)
	}
	if template, ok := functions[name]; ok {
		if !strings.Contains(template, "$") && !strings.HasSuffix(template, ")") && template != "current_date" {
			return w.clauses(e, template, args)
		}
		return "(" + fill(template, args) + ")"
	}
	if slices.Contains(same, name) {
		return w.clauses(e, name, args)
	}
	return w.unserved(e, "the function "+name)
}

func (w *writer) arguments(e *sql.Call) []string {
	var args []string
	for _, arg := range e.Args {
		if arg.Name != nil {
			w.unserved(arg, "named arguments")
		}
		if star, ok := arg.Value.(*sql.Star); ok {
			text := "*"
			if len(star.Qualifier) > 0 {
				text = duck.Quote(w.qualifier(star.Qualifier)) + ".*"
			}
			args = append(args, text)
			continue
		}
		args = append(args, w.expr(arg.Value))
	}
	return args
}

// clauses writes a call with what can stand inside and behind its parentheses.
func (w *writer) clauses(e *sql.Call, name string, args []string) string {
	inner := list(args)
	if e.Distinct {
		inner = "DISTINCT " + inner
	}
	if len(e.OrderBy) > 0 {
		inner += " ORDER BY " + w.orderBy(e.OrderBy)
	}
	if e.Nulls != sql.NullsUnstated {
		inner += " " + string(e.Nulls)
	}
	text := name + "(" + inner + ")"
	if len(e.WithinGroup) > 0 {
		text += " WITHIN GROUP (ORDER BY " + w.orderBy(e.WithinGroup) + ")"
	}
	if e.Filter != nil {
		text += " FILTER (WHERE " + w.expr(e.Filter) + ")"
	}
	switch {
	case e.Over == nil:
	case e.Over.Window != nil:
		text += " OVER " + duck.Quote(e.Over.Window.Name)
	default:
		text += " OVER (" + w.window(e.Over.Spec) + ")"
	}
	return text
}

func (w *writer) window(spec *sql.WindowSpec) string {
	var parts []string
	if len(spec.PartitionBy) > 0 {
		parts = append(parts, "PARTITION BY "+list(w.exprs(spec.PartitionBy)))
	}
	if len(spec.OrderBy) > 0 {
		parts = append(parts, "ORDER BY "+w.orderBy(spec.OrderBy))
	}
	if f := spec.Frame; f != nil {
		text := string(f.Units) + " "
		if f.End != nil {
			text += "BETWEEN " + w.bound(f.Start) + " AND " + w.bound(f.End)
		} else {
			text += w.bound(f.Start)
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, " ")
}

func (w *writer) bound(b *sql.FrameBound) string {
	switch {
	case b.Kind == sql.CurrentRow:
		return string(b.Kind)
	case b.Offset == nil:
		return "UNBOUNDED " + string(b.Kind)
	}
	return w.expr(b.Offset) + " " + string(b.Kind)
}

// substr counts from the left also where the start is below 1, which to DuckDB means from the right.
func substr(args []string) string {
	const from = "CASE WHEN $2 < 1 THEN 1 ELSE $2 END"
	if len(args) == 2 {
		return fill("substring($1, "+from+")", args)
	}
	return fill("substring($1, "+from+", CASE WHEN $2 >= 1 THEN $3 WHEN $2 + $3 > 1 THEN $2 + $3 - 1 ELSE 0 END)", args)
}

// arrowCast is a cast to an Arrow type by its text.
func (w *writer) arrowCast(e *sql.Call) string {
	name, ok := w.literalText(e, len(e.Args)-1)
	if !ok {
		return "NULL"
	}
	t, err := coerce.ParseType(name)
	if err != nil {
		return w.fail(e, "%v", err)
	}
	typeName, err := duck.TypeName(t)
	if err != nil {
		return w.fail(e, "%v", err)
	}
	value := w.expr(e.Args[0].Value)
	if typeName == "VARCHAR" && w.kind(e.Args[0].Value) == binary {
		return "decode(" + value + ")"
	}
	return "CAST(" + value + " AS " + typeName + ")"
}

// transcode is encode and decode between binary and hexadecimal text.
func (w *writer) transcode(e *sql.Call, name, value string) string {
	format, ok := w.literalText(e, 1)
	if !ok {
		return "NULL"
	}
	if format != "hex" {
		return w.unserved(e, "the encoding "+format)
	}
	if name == "decode" {
		return "unhex(" + value + ")"
	}
	return "lower(hex(" + value + "))"
}

func (w *writer) structCall(e *sql.Call, name string, args []string) string {
	var fields []string
	if name == "struct" {
		for i, arg := range args {
			fields = append(fields, duck.Quote("c"+string(rune('0'+i%10)))+" := "+arg)
		}
		if len(args) > 10 {
			return w.unserved(e, "structs of more than ten unnamed fields")
		}
	} else {
		for i := 0; i+1 < len(args); i += 2 {
			field, ok := w.literalText(e, i)
			if !ok {
				return "NULL"
			}
			fields = append(fields, duck.Quote(field)+" := "+args[i+1])
		}
	}
	return "struct_pack(" + list(fields) + ")"
}

// literalText is the text of argument i, which must be a string literal.
func (w *writer) literalText(e *sql.Call, i int) (string, bool) {
	if i >= 0 && i < len(e.Args) {
		value := e.Args[i].Value
		for {
			paren, ok := value.(*sql.Paren)
			if !ok {
				break
			}
			value = paren.Expr
		}
		if l, ok := value.(*sql.Literal); ok && l.Kind == sql.String {
			return l.Value, true
		}
	}
	w.fail(e, "argument %d of %s must be a string literal", i+1, e.Name[len(e.Name)-1].Name)
	return "", false
}
