package snowtest

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/ampgen/ampgen/sinks/snowflake/snowtest/internal/sfsql"
)

// version is what CURRENT_VERSION answers.
const version = "9.99.0"

// function builds the call of a function from its arguments, of which there are from least to most; most < 0 is any number.
type function struct {
	least, most int
	aggregate   bool
	build       func(c *compiler, args []value) (value, error)
}

// takes is a function whose arguments become the given types, and whose SQL is a format for them.
func takes(format string, result Type, arguments ...Type) function {
	return function{least: len(arguments), most: len(arguments), build: func(_ *compiler, args []value) (value, error) {
		filled := make([]any, len(args))
		for i, a := range args {
			v, err := become(a, arguments[i], "a function")
			if err != nil {
				return value{}, err
			}
			filled[i] = v.sql
		}
		return value{sql: fmt.Sprintf(format, filled...), t: result, nullable: true}, nil
	}}
}

// alikes is a function of any number of values of one type.
func alikes(name string, least int) function {
	return function{least: least, most: -1, build: func(_ *compiler, args []value) (value, error) {
		vs, err := alike(name, args...)
		if err != nil {
			return value{}, err
		}
		sqls := make([]string, len(vs))
		nullable := true
		for i, v := range vs {
			sqls[i] = v.sql
			nullable = nullable && v.nullable
		}
		return value{sql: name + "(" + strings.Join(sqls, ", ") + ")", t: vs[0].t, nullable: nullable}, nil
	}}
}

// same is an aggregate that yields one of its values.
func same(name string) function {
	return function{least: 1, most: 1, aggregate: true, build: func(_ *compiler, args []value) (value, error) {
		return value{sql: name + "(%s" + args[0].sql + ")", t: args[0].t, nullable: true}, nil
	}}
}

// current is a function without arguments about the session.
func current(get func(*session) string) function {
	return function{build: func(c *compiler, _ []value) (value, error) {
		s := get(c.s)
		if s == "" {
			return value{sql: "CAST(NULL AS VARCHAR)", t: varchar, nullable: true}, nil
		}
		return value{sql: text(s), t: varchar, nullable: true}, nil
	}}
}

var functions map[string]function

func init() { // not a literal: the functions refer to the map
	functions = map[string]function{
		"COUNT": {least: 1, most: 1, aggregate: true, build: func(_ *compiler, args []value) (value, error) {
			return value{sql: "CAST(count(%s" + args[0].sql + ") AS DECIMAL(18,0))", t: count}, nil
		}},
		"SUM": {least: 1, most: 1, aggregate: true, build: sum},
		"MIN": same("min"), "MAX": same("max"), "ANY_VALUE": same("any_value"),

		"COALESCE": alikes("COALESCE", 2), "NVL": alikes("COALESCE", 2), "IFNULL": alikes("COALESCE", 2),
		"GREATEST": alikes("greatest", 1), "LEAST": alikes("least", 1), "NULLIF": alikes("nullif", 2),
		"IFF": {least: 3, most: 3, build: iff},

		"UPPER": takes("upper(%s)", varchar, varchar), "LOWER": takes("lower(%s)", varchar, varchar),
		"LENGTH":   takes("CAST(length(%s) AS DECIMAL(18,0))", count, varchar),
		"CONTAINS": takes("contains(%s, %s)", boolean, varchar, varchar), "STARTSWITH": takes("starts_with(%s, %s)", boolean, varchar, varchar),
		"REPLACE":    takes("replace(%s, %s, %s)", varchar, varchar, varchar, varchar),
		"HEX_ENCODE": takes("hex(%s)", varchar, binary),
		"TO_VARCHAR": {least: 1, most: 1, build: toVarchar}, "TO_CHAR": {least: 1, most: 1, build: toVarchar},
		"TO_BINARY": {least: 1, most: 1, build: func(_ *compiler, args []value) (value, error) {
			sql, ok := convert(args[0], binary, true)
			if !ok {
				return value{}, invalidArguments("TO_BINARY", args[0].t)
			}
			return value{sql: sql, t: binary, nullable: true}, nil
		}},

		"DATE_PART": {least: 2, most: 2, build: datePart},

		"PARSE_JSON": {least: 1, most: 1, build: parseJSON}, "TO_JSON": {least: 1, most: 1, build: toJSON},
		"ARRAY_SIZE": {least: 1, most: 1, build: arraySize}, "TYPEOF": {least: 1, most: 1, build: typeOfVariant},

		"CURRENT_TIMESTAMP": {build: func(c *compiler, _ []value) (value, error) {
			return value{sql: "CAST(" + strconv.FormatInt(c.s.server.now().UnixNano(), 10) + " AS HUGEINT)", t: localTime}, nil
		}},
		"CURRENT_DATABASE":  current(func(s *session) string { return s.database }),
		"CURRENT_SCHEMA":    current(func(s *session) string { return s.schema }),
		"CURRENT_WAREHOUSE": current(func(s *session) string { return s.warehouse }),
		"CURRENT_ROLE":      current(func(s *session) string { return s.role }),
		"CURRENT_USER":      current(func(s *session) string { return s.user }),
		"CURRENT_ACCOUNT":   current(func(*session) string { return Account }),
		"CURRENT_VERSION":   current(func(*session) string { return version }),
		"CURRENT_SESSION":   current(func(s *session) string { return strconv.FormatInt(s.id, 10) }),
		"CURRENT_TRANSACTION": current(func(s *session) string {
			if s.tx == nil {
				return ""
			}
			return strconv.FormatInt(s.tx.id, 10)
		}),
	}
}

func (c *compiler) call(e *sfsql.Call, sc *scope) (value, error) {
	f, ok := functions[e.Name]
	if !ok {
		return value{}, errorf("002140", "42601", "SQL compilation error: Unknown function %s", e.Name)
	}
	if len(e.Args) < f.least || f.most >= 0 && len(e.Args) > f.most || e.Distinct && !f.aggregate {
		return value{}, errorf("000939", "22023", "SQL compilation error: wrong arguments for function %s: got %d", e.Name, len(e.Args))
	}
	args := make([]value, len(e.Args))
	for i, a := range e.Args {
		if _, star := a.(*sfsql.Star); star && e.Name == "COUNT" && !e.Distinct {
			args[i] = value{sql: "*"}
			continue
		}
		var err error
		if args[i], err = c.expr(a, sc); err != nil {
			return value{}, err
		}
	}
	v, err := f.build(c, args)
	if f.aggregate {
		distinct := ""
		if e.Distinct {
			distinct = "DISTINCT "
		}
		v.sql = strings.Replace(v.sql, "%s", distinct, 1)
	}
	return v, err
}

func sum(_ *compiler, args []value) (value, error) {
	switch t := args[0].t; t.Kind {
	case Float:
		return value{sql: "sum(%s" + args[0].sql + ")", t: float, nullable: true}, nil
	case Number:
		t.Precision = 38
		return value{sql: "sum(%s" + args[0].sql + ")", t: t, nullable: true}, nil
	}
	return value{}, invalidArguments("SUM", args[0].t)
}

func iff(_ *compiler, args []value) (value, error) {
	condition, err := become(args[0], boolean, "IFF")
	if err != nil {
		return value{}, err
	}
	vs, err := alike("IFF", args[1:]...)
	if err != nil {
		return value{}, err
	}
	return value{sql: fmt.Sprintf("(CASE WHEN %s THEN %s ELSE %s END)", condition.sql, vs[0].sql, vs[1].sql), t: vs[0].t, nullable: true}, nil
}

func toVarchar(_ *compiler, args []value) (value, error) {
	sql, ok := convert(args[0], varchar, true)
	if !ok {
		return value{}, invalidArguments("TO_VARCHAR", args[0].t)
	}
	return value{sql: sql, t: varchar, nullable: true}, nil
}

// datePart knows the part that has all of a timestamp.
func datePart(_ *compiler, args []value) (value, error) {
	const part = "epoch_nanosecond"
	if t := args[1].t; args[0].sql != text(part) || t.Kind != TimestampNTZ && t.Kind != TimestampLTZ && t.Kind != TimestampTZ {
		return value{}, errorf("001003", "42000", "SQL compilation error: DATE_PART is known here for '%s' of a timestamp only", part)
	}
	return value{sql: "CAST(" + args[1].sql + " AS DECIMAL(38,0))", t: Type{Kind: Number, Precision: 38}, nullable: args[1].nullable}, nil
}

// parseJSON keeps a text that is JSON. Numbers keep the digits that they are written with.
func parseJSON(_ *compiler, args []value) (value, error) {
	v, err := become(args[0], varchar, "PARSE_JSON")
	if err != nil {
		return value{}, err
	}
	return value{sql: fmt.Sprintf("CASE WHEN (%[1]s) IS NULL THEN NULL WHEN json_valid(%[1]s) THEN CAST(json(%[1]s) AS VARCHAR) ELSE %[2]s END", v.sql,
		fails("100069", "22P02", "Error parsing JSON: ", v.sql, "")), t: variant, nullable: true}, nil
}

func toJSON(_ *compiler, args []value) (value, error) {
	if !args[0].t.isNested() {
		return value{}, invalidArguments("TO_JSON", args[0].t)
	}
	return value{sql: args[0].sql, t: varchar, nullable: true}, nil
}

func arraySize(_ *compiler, args []value) (value, error) {
	if !args[0].t.isNested() {
		return value{}, invalidArguments("ARRAY_SIZE", args[0].t)
	}
	return value{sql: fmt.Sprintf("CASE WHEN json_type(%[1]s) = 'ARRAY' THEN CAST(json_array_length(%[1]s) AS DECIMAL(18,0)) END", args[0].sql), t: count, nullable: true}, nil
}

func typeOfVariant(_ *compiler, args []value) (value, error) {
	if !args[0].t.isNested() {
		return value{}, invalidArguments("TYPEOF", args[0].t)
	}
	return value{sql: fmt.Sprintf(`CASE json_type(%s) WHEN 'OBJECT' THEN 'OBJECT' WHEN 'ARRAY' THEN 'ARRAY' WHEN 'VARCHAR' THEN 'VARCHAR'
		WHEN 'BOOLEAN' THEN 'BOOLEAN' WHEN 'NULL' THEN 'NULL_VALUE' WHEN 'DOUBLE' THEN 'DECIMAL' ELSE 'INTEGER' END`, args[0].sql), t: varchar, nullable: true}, nil
}
