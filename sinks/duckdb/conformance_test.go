package duckdb

import (
	"database/sql"
	"encoding/hex"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	driver "github.com/duckdb/duckdb-go/v2"

	"github.com/ampgen/ampgen/runtime"
	"github.com/ampgen/ampgen/sinks/duckdb/ddl"
	"github.com/ampgen/ampgen/sinks/sinktest"
)

func TestConformance(t *testing.T) {
	sinktest.Run(t, func(t *testing.T) sinktest.Harness { return harness(file(t)) })
}

// harness is a file; it is read through database/sql, as a user's program reads it.
type harness string

func (h harness) Open(t testing.TB, _ *runtime.Table) runtime.Sink {
	s, err := open(t.Context(), string(h))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (h harness) Traits() sinktest.Traits {
	return sinktest.Traits{TextHoldsNUL: true, Nanoseconds: true}
}

func (h harness) Rows(t testing.TB, table string, fields []arrow.Field) [][]any {
	t.Helper()
	db, err := sql.Open("duckdb", string(h))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	schema, name, err := ddl.Split(table)
	if err != nil {
		t.Fatal(err)
	}
	columns := make([]string, len(fields))
	for i, f := range fields {
		columns[i] = ddl.Quote(f.Name)
	}
	found, err := db.Query("SELECT " + strings.Join(columns, ", ") + " FROM " + ddl.Qualify(schema, name))
	if err != nil {
		t.Fatal(err)
	}
	defer found.Close()
	var out [][]any
	for found.Next() {
		row, targets := make([]any, len(fields)), make([]any, len(fields))
		for i := range row {
			targets[i] = &row[i]
		}
		if err := found.Scan(targets...); err != nil {
			t.Fatal(err)
		}
		for i, f := range fields {
			row[i] = canonical(f.Type, row[i])
		}
		out = append(out, row)
	}
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// canonical is sinktest.Value of what the driver read from a column of type t.
func canonical(t arrow.DataType, v any) any {
	switch v := v.(type) {
	case nil, bool:
		return v
	case string:
		if _, ok := t.(arrow.DecimalType); ok {
			r, _ := new(big.Rat).SetString(v)
			return r.RatString()
		}
		return v
	case float32:
		return strconv.FormatFloat(float64(v), 'g', -1, 32)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case driver.Decimal:
		scale := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(v.Scale)), nil)
		return new(big.Rat).SetFrac(v.Value, scale).RatString()
	case []byte:
		return "0x" + hex.EncodeToString(v)
	case time.Time:
		return canonicalTime(t, v.UTC())
	case driver.Interval:
		return sinktest.Interval(int64(v.Months), int64(v.Days), v.Micros*1000)
	}
	return canonicalNested(t, v)
}

func canonicalTime(t arrow.DataType, v time.Time) string {
	layout := "2006-01-02T15:04:05.999999999"
	switch t.ID() {
	case arrow.DATE32, arrow.DATE64:
		layout, _, _ = strings.Cut(layout, "T")
	case arrow.TIME32, arrow.TIME64:
		_, layout, _ = strings.Cut(layout, "T")
	}
	return v.Format(layout)
}

func canonicalNested(t arrow.DataType, v any) any {
	switch v := v.(type) {
	case []any:
		list := make([]any, len(v))
		for i, elem := range v {
			list[i] = canonical(t.(arrow.ListLikeType).Elem(), elem)
		}
		return list
	case map[string]any:
		object := map[string]any{}
		for _, f := range t.(*arrow.StructType).Fields() {
			object[f.Name] = canonical(f.Type, v[f.Name])
		}
		return object
	case driver.OrderedMap:
		typ, object := t.(*arrow.MapType), map[string]any{}
		for i, key := range v.Keys() {
			object[fmt.Sprint(canonical(typ.KeyType(), key))] = canonical(typ.ItemType(), v.Values()[i])
		}
		return object
	}
	return fmt.Sprint(v) // integers of all lengths
}
