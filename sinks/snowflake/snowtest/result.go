package snowtest

import (
	"fmt"
	"strings"
)

// The kinds of statements on the wire.
const (
	typeSelect      = 0x1000
	typeInsert      = 0x3100
	typeUpdate      = 0x3200
	typeDelete      = 0x3300
	typeCopy        = 0x3600
	typeList        = 0x4400
	typeTransaction = 0x5000
	typeDDL         = 0x6000
)

// result is what a statement yields: rows as they are on the wire.
type result struct {
	typeID  int
	columns []resultColumn
	rows    [][]*string
	extra   map[string]any // of PUT
}

// status is the result of a statement that has nothing to say.
func status(typeID int, format string, args ...any) *result {
	s := fmt.Sprintf(format, args...)
	return &result{typeID: typeID, columns: []resultColumn{{name: "status", t: varchar}}, rows: [][]*string{{&s}}}
}

// counted is the result of a statement that changed n rows.
func counted(typeID int, n int64, names ...string) *result {
	r := &result{typeID: typeID, rows: make([][]*string, 1)}
	for i, name := range names {
		cell := "0"
		if i == 0 {
			cell = fmt.Sprint(n)
		}
		r.columns = append(r.columns, resultColumn{name: name, t: count})
		r.rows[0] = append(r.rows[0], &cell)
	}
	return r
}

// select runs a compiled query.
func (s *session) selects(q query) (*result, error) {
	cells := make([]string, len(q.columns))
	for i, col := range q.columns {
		cells[i] = onWire(fmt.Sprintf("k%d", i), col.t)
	}
	rows, err := s.server.engine.read("SELECT " + strings.Join(cells, ", ") + " FROM (" + q.sql + ")")
	if err != nil {
		return nil, err
	}
	return &result{typeID: typeSelect, columns: q.columns, rows: rows}, nil
}

// onWire is a value as the driver reads it.
func onWire(sql string, t Type) string {
	switch t.Kind {
	case Binary:
		return "hex(" + sql + ")"
	case Date:
		return "CAST(" + sql + " - DATE '1970-01-01' AS VARCHAR)"
	case Time:
		return seconds("CAST(" + sql + " AS HUGEINT)")
	case TimestampNTZ, TimestampLTZ:
		return seconds(sql)
	case TimestampTZ:
		return seconds(sql) + " || ' 1440'"
	}
	return "CAST(" + sql + " AS VARCHAR)"
}

// seconds writes nanoseconds as seconds, a point, and the nanoseconds since the second.
func seconds(sql string) string {
	nanos := fmt.Sprintf("(((%[1]s %% 1000000000) + 1000000000) %% 1000000000)", sql)
	return fmt.Sprintf("CAST((%[1]s - %[2]s) // 1000000000 AS VARCHAR) || '.' || lpad(CAST(%[2]s AS VARCHAR), 9, '0')", sql, nanos)
}
