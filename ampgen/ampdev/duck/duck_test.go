package duck

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
)

func connect(t *testing.T) *Conn {
	t.Helper()
	db, err := Open("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	c, err := db.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func one(t *testing.T, c *Conn, query string, dt arrow.DataType) (string, error) {
	t.Helper()
	schema := arrow.NewSchema([]arrow.Field{{Name: "x", Type: dt, Nullable: true}}, nil)
	var got []string
	err := c.Query(t.Context(), query, schema, 0, func(b arrow.RecordBatch) error {
		for i := range int(b.NumRows()) {
			got = append(got, b.Column(0).ValueStr(i))
		}
		return nil
	})
	return strings.Join(got, ";"), err
}

// Every type at its bounds, by way of the type that TypeName names.
func TestTypesAreExact(t *testing.T) {
	c := connect(t)
	fsb3 := &arrow.FixedSizeBinaryType{ByteWidth: 3}
	ns := &arrow.TimestampType{Unit: arrow.Nanosecond, TimeZone: "+00:00"}
	for _, tt := range []struct {
		dt           arrow.DataType
		values, want string
	}{
		{arrow.FixedWidthTypes.Boolean, "true, NULL, false", "true;(null);false"},
		{arrow.PrimitiveTypes.Int8, "-128, 127", "-128;127"},
		{arrow.PrimitiveTypes.Uint8, "0, 255", "0;255"},
		{arrow.PrimitiveTypes.Int16, "-32768, 32767", "-32768;32767"},
		{arrow.PrimitiveTypes.Uint16, "65535, NULL", "65535;(null)"},
		{arrow.PrimitiveTypes.Int32, "-2147483648, 2147483647", "-2147483648;2147483647"},
		{arrow.PrimitiveTypes.Uint32, "4294967295, NULL", "4294967295;(null)"},
		{arrow.PrimitiveTypes.Int64, "-9223372036854775808, 9223372036854775807", "-9223372036854775808;9223372036854775807"},
		{arrow.PrimitiveTypes.Uint64, "18446744073709551615, 0", "18446744073709551615;0"},
		{arrow.PrimitiveTypes.Float64, "0.1, NULL", "0.1;(null)"},
		{&arrow.Decimal128Type{Precision: 38}, "99999999999999999999999999999999999999, -1", "99999999999999999999999999999999999999;-1"},
		{&arrow.Decimal128Type{Precision: 4, Scale: 2}, "-99.99, 1", "-99.99;1"},
		{&arrow.Decimal128Type{Precision: 9, Scale: 2}, "-1234567.89, NULL", "-1234567.89;(null)"},
		{&arrow.Decimal128Type{Precision: 18}, "-999999999999999999, 1", "-999999999999999999;1"},
		{&arrow.Decimal256Type{Precision: 76}, "'-340282366920938463463374607431768211456', '0'", "-340282366920938463463374607431768211456;0"},
		{&arrow.Decimal256Type{Precision: 76, Scale: 2}, "'1.5', '-0.05'", "1.5;-0.05"},
		{arrow.BinaryTypes.String, `'', 'a' || chr(0) || 'b, more than twelve bytes 🐶', NULL`, ";a\x00b, more than twelve bytes 🐶;(null)"},
		{arrow.BinaryTypes.StringView, "'view', NULL", "view;(null)"},
		{arrow.BinaryTypes.LargeString, "'large', NULL", "large;(null)"},
		{arrow.BinaryTypes.Binary, `''::BLOB, '\x00\xFF'::BLOB`, ";AP8="},
		{fsb3, `'\x00\xFF\x01'::BLOB, NULL`, "AP8B;(null)"},
		{ns, "make_timestamp_ns(9223372036854775806), '1970-01-01 00:00:00.000000001'::TIMESTAMP_NS", "2262-04-11T23:47:16.854775806Z;1970-01-01T00:00:00.000000001Z"},
		{&arrow.TimestampType{Unit: arrow.Second}, "'2024-02-03 04:05:06'::TIMESTAMP", "2024-02-03T04:05:06"},
		{arrow.FixedWidthTypes.Date32, "'2024-02-29'::DATE", "2024-02-29"},
		{arrow.FixedWidthTypes.Time64ns, "'23:59:59.999999'::TIME", "23:59:59.999999000"},
		{arrow.ListOf(arrow.PrimitiveTypes.Uint64), "[1, NULL, 18446744073709551615], [], NULL", "[1,null,18446744073709551615];[];(null)"},
		{arrow.ListOf(arrow.ListOf(fsb3)), `[['\x00\x01\x02'::BLOB], NULL, []]`, `[["AAEC"],null,[]]`},
		{arrow.FixedSizeListOf(2, arrow.PrimitiveTypes.Int8), "[1, 2], NULL, [3, NULL]", "[1,2];(null);[3,null]"},
		{arrow.StructOf(arrow.Field{Name: "a", Type: arrow.PrimitiveTypes.Int32, Nullable: true}, arrow.Field{Name: "b", Type: fsb3, Nullable: true}),
			`{'a': 1, 'b': NULL}, NULL`, `{"a":1,"b":null};(null)`},
		{arrow.MapOf(arrow.BinaryTypes.String, arrow.PrimitiveTypes.Int64), "MAP {'k': 1}, NULL", `[{"key":"k","value":1}];(null)`},
		{arrow.FixedWidthTypes.MonthDayNanoInterval, "INTERVAL '1 month 2 days 3 seconds'", `{"months":1,"days":2,"nanoseconds":3000000000}`},
		{arrow.Null, "NULL, NULL", "(null);(null)"},
	} {
		name, err := TypeName(tt.dt)
		if err != nil {
			t.Fatal(err)
		}
		got, err := one(t, c, "SELECT CAST(unnest(["+tt.values+"]) AS "+name+")", tt.dt)
		if err != nil || got != tt.want {
			t.Errorf("%s: %q, %v, want %q", tt.dt, got, err, tt.want)
		}
	}
}

func TestWrongWidthsAreErrors(t *testing.T) {
	c := connect(t)
	for query, dt := range map[string]arrow.DataType{
		"SELECT 'ab'::BLOB":         &arrow.FixedSizeBinaryType{ByteWidth: 3},
		"SELECT [1::TINYINT]":       arrow.FixedSizeListOf(2, arrow.PrimitiveTypes.Int8),
		"SELECT '1.234'":            &arrow.Decimal256Type{Precision: 76, Scale: 2},
		"SELECT 'x'":                &arrow.Decimal256Type{Precision: 76},
		"SELECT 1 WHERE nosuch = 1": arrow.PrimitiveTypes.Int32,
	} {
		if got, err := one(t, c, query, dt); err == nil {
			t.Errorf("%s as %s gave %s", query, dt, got)
		}
	}
	var e *Error
	if _, err := one(t, c, "SELECT nosuch", arrow.PrimitiveTypes.Int32); !errors.As(err, &e) || !e.Bind {
		t.Errorf("an unknown column: %v, want a binding error", err)
	}
	if _, err := one(t, c, "SELECT error('stop')", arrow.PrimitiveTypes.Int32); !errors.As(err, &e) || e.Bind {
		t.Errorf("a failure at run time: %v", err)
	}
	if _, err := TypeName(&arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int32, ValueType: arrow.BinaryTypes.String}); err == nil {
		t.Error("dictionaries have a type")
	}
}

func TestBatchesAreCut(t *testing.T) {
	c := connect(t)
	schema := arrow.NewSchema([]arrow.Field{{Name: "x", Type: arrow.PrimitiveTypes.Int64}}, nil)
	for maxRows, want := range map[int][2]int64{0: {8192, 3}, 5000: {5000, 4}, 100: {100, 200}, 1 << 20: {8192, 3}} {
		var largest, batches, sum int64
		err := c.Query(t.Context(), "SELECT * FROM range(20000)", schema, maxRows, func(b arrow.RecordBatch) error {
			largest, batches, sum = max(largest, b.NumRows()), batches+1, sum+b.NumRows()
			return nil
		})
		if err != nil || sum != 20000 || [2]int64{largest, batches} != want {
			t.Errorf("at most %d rows: %d rows in %d batches of at most %d, %v", maxRows, sum, batches, largest, err)
		}
	}
}

func TestCancelInterrupts(t *testing.T) {
	c := connect(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Exec(ctx, "SELECT 1"); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled context: %v", err)
	}
	if err := c.Exec(t.Context(), "SELECT 1"); err != nil {
		t.Errorf("the statement after it: %v", err)
	}
}

func TestFunctionErrorEndsTheQuery(t *testing.T) {
	c := connect(t)
	err := c.Register(Function{
		Name: "fail_at_three", Args: []arrow.DataType{arrow.PrimitiveTypes.Int64}, Result: arrow.PrimitiveTypes.Int64,
		Run: func(args []Vector, out Vector, n int) error {
			in, result := Values[int64](args[0]), Values[int64](out)
			for i := range n {
				if in[i] == 3 {
					return errors.New("it is three")
				}
				result[i] = in[i] * 2
			}
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := one(t, c, "SELECT fail_at_three(1)", arrow.PrimitiveTypes.Int64); err != nil || got != "2" {
		t.Errorf("got %s, %v", got, err)
	}
	if _, err := one(t, c, "SELECT fail_at_three(range) FROM range(5)", arrow.PrimitiveTypes.Int64); err == nil || !strings.Contains(err.Error(), "it is three") {
		t.Errorf("got %v", err)
	}
}
