package snowtest

import "fmt"

// value is an SQL expression of DuckDB with the Snowflake type that it stands for.
type value struct {
	sql      string
	t        Type
	nullable bool
}

func (v value) String() string { return v.sql }

// assign is v as it is stored in a column: with the conversions that Snowflake makes unasked, and the checks of the column's
// type.
func assign(v value, column string, to Type, notNull bool) (string, error) {
	out, ok := convert(v, to, false)
	if !ok {
		return "", mismatch(column, to, v.t)
	}
	switch to.Kind {
	case Varchar:
		out = fmt.Sprintf("CASE WHEN length(%[1]s) > %[2]d THEN %[3]s ELSE %[1]s END", out, to.Length,
			fails("100078", "22000", "String '", out, "' is too long and would be truncated"))
	case Binary:
		out = fmt.Sprintf("CASE WHEN octet_length(%[1]s) > %[2]d THEN %[3]s ELSE %[1]s END", out, to.Length,
			fails(unnumbered, "22000", "Binary value '", "hex("+out+")", "' is too long and would be truncated"))
	}
	if notNull {
		out = fmt.Sprintf("CASE WHEN (%[1]s) IS NULL THEN %[2]s ELSE %[1]s END", out, fails("100072", "22000", "NULL result in a non-nullable column "+column, "''", ""))
	}
	return "CAST(" + out + " AS " + to.duck() + ")", nil
}

// convert is v in another type; not ok if Snowflake does not convert so, or, unless it is asked to by a cast, not on its own.
func convert(v value, to Type, asked bool) (sql string, ok bool) {
	from := v.t
	switch {
	case from.Kind == Null:
		return "CAST(NULL AS " + to.duck() + ")", true
	case to.Kind == Varchar:
		if !asked && (from.Kind == Binary || from.isNested()) {
			return "", false
		}
		return toText(v), true
	case from.Kind == Varchar:
		return fromText(v.sql, to, asked)
	case from.Kind == to.Kind:
		return sameKind(v.sql, from, to), true
	case from.isNested() && to.isNested():
		return nested(v.sql, from, to, asked)
	case from.Kind == Variant:
		return fromText(toText(v), to, true)
	case to.Kind == Variant && asked:
		return toVariant(v)
	case from.isTimestamp() && to.isTimestamp():
		// What depends on the session's zone is done when it is asked for: a statement that relies on more may mean something else.
		return v.sql, asked || from.Kind != TimestampNTZ && to.Kind != TimestampNTZ
	case from.Kind == Date && to.isTimestamp():
		return "CAST(epoch_ns(CAST(" + v.sql + " AS TIMESTAMP_NS)) AS HUGEINT)", true
	case from.isTimestamp() && to.Kind == Date:
		return fmt.Sprintf("(DATE '1970-01-01' + CAST(floor(%s / 86400000000000) AS INTEGER))", v.sql), true
	}
	return numeric(v.sql, from, to)
}

// numeric converts among NUMBER, FLOAT and BOOLEAN.
func numeric(sql string, from, to Type) (string, bool) {
	switch {
	case from.Kind == Number && to.Kind == Float:
		return "CAST(" + sql + " AS DOUBLE)", true
	case from.Kind == Float && to.Kind == Number:
		return checked(fmt.Sprintf("round(%s, %d)", sql, to.Scale), sql, to), true
	case from.Kind == Boolean && to.Kind == Number:
		return "CAST(CAST(" + sql + " AS INTEGER) AS " + to.duck() + ")", true
	case from.Kind == Number && to.Kind == Boolean:
		return "(" + sql + " <> 0)", true
	}
	return "", false
}

// sameKind fits a NUMBER to another precision and scale, and a time to fewer digits.
func sameKind(sql string, from, to Type) string {
	switch {
	case to.Kind == Number && (from.Precision-from.Scale > to.Precision-to.Scale || from.Scale > to.Scale):
		return checked(sql, sql, to)
	case to.Kind == Number && from != to:
		return "CAST(" + sql + " AS " + to.duck() + ")"
	case (to.Kind == Time || to.isTimestamp()) && to.Scale < from.Scale:
		unit := int64(1)
		for range 9 - to.Scale {
			unit *= 10
		}
		return fmt.Sprintf("(%[1]s - ((%[1]s %% %[2]d) + %[2]d) %% %[2]d)", sql, unit)
	}
	return sql
}

// checked is sql as a NUMBER, or an error that shows what.
func checked(sql, shown string, to Type) string {
	return fmt.Sprintf("CASE WHEN (%[1]s) IS NULL THEN NULL ELSE COALESCE(TRY_CAST(%[1]s AS %[2]s), %[3]s) END", sql, to.duck(),
		fails("100039", "22003", "Numeric value '", "CAST("+shown+" AS VARCHAR)", "' is out of range"))
}

// toText is v as Snowflake writes it with its default formats.
func toText(v value) string {
	switch v.t.Kind {
	case Varchar, Array, Object:
		return v.sql
	case Binary:
		return "hex(" + v.sql + ")"
	case Float:
		return "regexp_replace(CAST(" + v.sql + " AS VARCHAR), '\\.0$', '')"
	case Time:
		return "strftime(make_timestamp_ns(" + v.sql + "), '%H:%M:%S')"
	case TimestampNTZ:
		return "strftime(make_timestamp_ns(CAST(" + v.sql + " AS BIGINT)), '%Y-%m-%d %H:%M:%S.%g')"
	case TimestampLTZ, TimestampTZ:
		return "strftime(make_timestamp_ns(CAST(" + v.sql + " AS BIGINT)), '%Y-%m-%d %H:%M:%S.%g Z')"
	case Variant:
		return "json_extract_string(" + v.sql + ", '$')"
	}
	return "CAST(" + v.sql + " AS VARCHAR)"
}

// fromText reads text. Texts that are no value of the type fail the statement.
func fromText(sql string, to Type, asked bool) (string, bool) {
	or := func(read, code, state, what string) (string, bool) {
		return fmt.Sprintf("CASE WHEN (%[1]s) IS NULL THEN NULL ELSE COALESCE(%[2]s, %[3]s) END", sql, read,
			fails(code, state, what+" value '", sql, "' is not recognized")), true
	}
	switch to.Kind {
	case Boolean:
		return or(fmt.Sprintf("CASE WHEN lower(%[1]s) IN ('true', 't', 'yes', 'y', 'on', '1') THEN TRUE WHEN lower(%[1]s) IN ('false', 'f', 'no', 'n', 'off', '0') THEN FALSE END", sql),
			"100037", "22018", "Boolean")
	case Number:
		read := fmt.Sprintf("COALESCE(TRY_CAST(%[1]s AS %[2]s), CASE WHEN TRY_CAST(%[1]s AS DOUBLE) IS NOT NULL THEN %[3]s END)", sql, to.duck(),
			fails("100039", "22003", "Numeric value '", sql, "' is out of range"))
		return or(read, "100038", "22018", "Numeric")
	case Float:
		return or("TRY_CAST("+sql+" AS DOUBLE)", "100038", "22018", "Numeric")
	case Binary:
		if !asked {
			return "", false
		}
		return or(fmt.Sprintf("CASE WHEN regexp_full_match(%[1]s, '([0-9A-Fa-f]{2})*') THEN unhex(%[1]s) END", sql), "100115", "22000", "Hex-encoded")
	case Date:
		return or("TRY_CAST("+sql+" AS DATE)", "100040", "22007", "Date")
	case Time:
		return or("epoch_ns(TRY_CAST('1970-01-01 ' || "+sql+" AS TIMESTAMP_NS))", "100108", "22007", "Time")
	case TimestampNTZ, TimestampLTZ, TimestampTZ:
		return or("CAST(epoch_ns(TRY_CAST("+sql+" AS TIMESTAMP_NS)) AS HUGEINT)", "100035", "22007", "Timestamp")
	case Variant:
		return "CAST(to_json(" + sql + ") AS VARCHAR)", asked
	}
	return "", false
}

// toVariant is a scalar as JSON.
func toVariant(v value) (string, bool) {
	switch v.t.Kind {
	case Boolean, Number:
		return "CAST(" + v.sql + " AS VARCHAR)", true
	case Float:
		return "CAST(to_json(" + v.sql + ") AS VARCHAR)", true
	}
	return fmt.Sprintf("CAST(to_json(%s) AS VARCHAR)", toText(v)), true
}

// nested converts among VARIANT, ARRAY and OBJECT. A VARIANT becomes an ARRAY or OBJECT if it is one.
func nested(sql string, from, to Type, asked bool) (string, bool) {
	if to.Kind == Variant {
		return sql, true
	}
	if from.Kind != Variant {
		return "", false
	}
	return fmt.Sprintf("CASE WHEN (%[1]s) IS NULL THEN NULL WHEN json_type(%[1]s) = '%[2]s' THEN %[1]s ELSE %[3]s END", sql, kinds[to.Kind].name,
		fails("100071", "22000", "Failed to cast variant value ", sql, " to "+kinds[to.Kind].name)), true
}

// common is the type in which values of a and b are compared or stand for each other.
func common(a, b Type) (Type, bool) {
	switch {
	case a.Kind == Null:
		return b, true
	case b.Kind == Null || a == b:
		return a, true
	case a.Kind == Number && b.Kind == Number:
		scale := max(a.Scale, b.Scale)
		return Type{Kind: Number, Precision: min(38, max(a.Precision-a.Scale, b.Precision-b.Scale)+scale), Scale: scale}, true
	case a.Kind == b.Kind:
		a.Length, a.Scale = max(a.Length, b.Length), max(a.Scale, b.Scale)
		return a, true
	case a.Kind == Varchar && !b.isNested() && b.Kind != Binary:
		return widest(b), true
	case b.Kind == Varchar && !a.isNested() && a.Kind != Binary:
		return widest(a), true
	case a.Kind == Float && b.Kind == Number || a.Kind == Number && b.Kind == Float:
		return float, true
	case a.isTimestamp() && b.isTimestamp() && a.Kind != TimestampNTZ && b.Kind != TimestampNTZ:
		return Type{Kind: TimestampTZ, Scale: max(a.Scale, b.Scale)}, true
	case a.isTimestamp() && b.Kind == Date:
		return a, true
	case b.isTimestamp() && a.Kind == Date:
		return b, true
	}
	return Type{}, false
}

// widest is the type that text is read as to be compared with a t: any number, whatever the column's digits are.
func widest(t Type) Type {
	if t.Kind == Number {
		return Type{Kind: Number, Precision: 38, Scale: t.Scale}
	}
	return t
}
