package snowtest

import (
	"encoding/json"
	"fmt"
	"strconv"
)

// wireBind is a bind as it comes: Value is a text, null, or a list of those.
type wireBind struct {
	Type  string          `json:"type"`
	Value json.RawMessage `json:"value"`
}

// bind is the value of a question mark: one, or with array the one of each row.
type bind struct {
	kind  string
	array bool
	rows  []*string
}

// readBinds reads the binds in their order.
func readBinds(in map[string]wireBind) ([]bind, error) {
	out := make([]bind, len(in))
	for i := range out {
		w, ok := in[strconv.Itoa(i+1)]
		if !ok {
			return nil, unsupported("binds that are not numbered from 1 to %d", len(in))
		}
		b := bind{kind: w.Type}
		if b.array = len(w.Value) > 0 && w.Value[0] == '['; !b.array {
			b.rows = make([]*string, 1)
			if err := json.Unmarshal(w.Value, &b.rows[0]); err != nil {
				return nil, fmt.Errorf("read bind %d: %w", i+1, err)
			}
		} else if err := json.Unmarshal(w.Value, &b.rows); err != nil {
			return nil, fmt.Errorf("read bind %d: %w", i+1, err)
		}
		if i > 0 && (b.array != out[0].array || len(b.rows) != len(out[0].rows)) {
			return nil, errorf("002049", "42601", "SQL compilation error: Array bind size mismatch: bind %d has %d rows and bind 1 has %d", i+1, len(b.rows), len(out[0].rows))
		}
		out[i] = b
	}
	return out, nil
}

// value is bind i, whose text is the SQL expression x.
func (b bind) value(x string) (value, error) {
	null := true
	for _, v := range b.rows {
		null = null && v == nil
	}
	if null {
		return value{sql: "NULL", nullable: true}, nil
	}
	v := value{nullable: true}
	switch b.kind {
	case "TEXT":
		v.sql, v.t = x, varchar
	case "FIXED":
		v.sql, v.t = "CAST("+x+" AS DECIMAL(38,0))", integer
	case "REAL":
		v.sql, v.t = "CAST("+x+" AS DOUBLE)", float
	case "BOOLEAN":
		v.sql, v.t = "CAST("+x+" AS BOOLEAN)", boolean
	case "BINARY":
		v.sql, v.t = "unhex("+x+")", binary
	case "DATE":
		v.sql, v.t = "(DATE '1970-01-01' + CAST(floor(CAST("+x+" AS BIGINT) / 86400000) AS INTEGER))", date
	case "TIME":
		v.sql, v.t = "CAST("+x+" AS BIGINT)", clock
	case "TIMESTAMP_NTZ":
		v.sql, v.t = "CAST("+x+" AS HUGEINT)", Type{Kind: TimestampNTZ, Scale: 9}
	case "TIMESTAMP_LTZ":
		v.sql, v.t = "CAST("+x+" AS HUGEINT)", localTime
	case "TIMESTAMP_TZ":
		// The number after the blank is the offset in minutes plus 1440. Offsets are not kept, so only UTC's is right.
		v.t = Type{Kind: TimestampTZ, Scale: 9}
		v.sql = fmt.Sprintf("CASE WHEN %[1]s NOT LIKE '%% 1440' THEN %[2]s ELSE CAST(split_part(%[1]s, ' ', 1) AS HUGEINT) END", x,
			fails("000002", "0A000", "Unsupported feature: a TIMESTAMP_TZ with an offset (the test server does not have it): ", x, ""))
	default:
		return value{}, unsupported("a bind of type %s", b.kind)
	}
	return v, nil
}
