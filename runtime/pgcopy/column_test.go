package pgcopy

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/jackc/pgx/v5/pgtype"
)

// build makes an array of typ from JSON.
func build(t testing.TB, typ arrow.DataType, text string) arrow.Array {
	t.Helper()
	arr, _, err := array.FromJSON(memory.DefaultAllocator, typ, strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return arr
}

func bound(t testing.TB, arr arrow.Array) Column {
	t.Helper()
	c, err := NewColumn(arrow.Field{Name: "c", Type: arr.DataType()})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Bind(arr); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestJSONForm(t *testing.T) {
	number := func(typ arrow.DataType) arrow.DataType {
		return arrow.StructOf(arrow.Field{Name: "v", Type: typ, Nullable: true})
	}
	fill := func(typ arrow.DataType, add func(array.Builder)) arrow.Array {
		b := array.NewStructBuilder(memory.DefaultAllocator, number(typ).(*arrow.StructType))
		b.Append(true)
		add(b.FieldBuilder(0))
		return b.NewArray()
	}
	for _, c := range []struct {
		name string
		arr  arrow.Array
		want string
	}{
		{"narrow integers are numbers", build(t, number(arrow.PrimitiveTypes.Uint32), `[{"v": 4294967295}]`), `{"v":4294967295}`},
		{"wide integers are strings", build(t, number(arrow.PrimitiveTypes.Int64), `[{"v": -9223372036854775808}]`), `{"v":"-9223372036854775808"}`},
		{"decimals keep their scale", build(t, number(&arrow.Decimal128Type{Precision: 38, Scale: 3}), `[{"v": "-1.5"}]`), `{"v":"-1.500"}`},
		{"decimals below one", build(t, number(&arrow.Decimal256Type{Precision: 76, Scale: 5}), `[{"v": "0.00012"}]`), `{"v":"0.00012"}`},
		{"zero", build(t, number(&arrow.Decimal128Type{Precision: 38, Scale: 2}), `[{"v": "0"}]`), `{"v":"0.00"}`},
		{"floats", build(t, number(arrow.PrimitiveTypes.Float64), `[{"v": 1e300}]`), `{"v":1e+300}`},
		{"not a number", fill(arrow.PrimitiveTypes.Float32, func(b array.Builder) { b.(*array.Float32Builder).Append(float32(math.NaN())) }), `{"v":"NaN"}`},
		{"infinity", fill(arrow.PrimitiveTypes.Float64, func(b array.Builder) { b.(*array.Float64Builder).Append(math.Inf(-1)) }), `{"v":"-Infinity"}`},
		{"binary is hex", fill(arrow.BinaryTypes.Binary, func(b array.Builder) { b.(*array.BinaryBuilder).Append([]byte{0, 0xab}) }), `{"v":"0x00ab"}`},
		{"null", build(t, number(arrow.BinaryTypes.String), `[{"v": null}]`), `{"v":null}`},
		{"timestamp with zone", fill(arrow.FixedWidthTypes.Timestamp_ns, func(b array.Builder) { b.(*array.TimestampBuilder).Append(1700000000_000000001) }), `{"v":"2023-11-14T22:13:20.000000001Z"}`},
		{"timestamp without", fill(&arrow.TimestampType{Unit: arrow.Second}, func(b array.Builder) { b.(*array.TimestampBuilder).Append(-1) }), `{"v":"1969-12-31T23:59:59"}`},
		{"date", build(t, number(arrow.FixedWidthTypes.Date32), `[{"v": "2023-11-14"}]`), `{"v":"2023-11-14"}`},
		{"time", fill(arrow.FixedWidthTypes.Time64ns, func(b array.Builder) { b.(*array.Time64Builder).Append(3661_000000001) }), `{"v":"01:01:01.000000001"}`},
		{"midnight at the end", fill(arrow.FixedWidthTypes.Time32s, func(b array.Builder) { b.(*array.Time32Builder).Append(86400) }), `{"v":"24:00:00"}`},
		{"duration", fill(arrow.FixedWidthTypes.Duration_ms, func(b array.Builder) { b.(*array.DurationBuilder).Append(-1500) }), `{"v":"P0M0DT-1.5S"}`},
		{"interval", fill(arrow.FixedWidthTypes.MonthDayNanoInterval, func(b array.Builder) {
			b.(*array.MonthDayNanoIntervalBuilder).Append(arrow.MonthDayNanoInterval{Months: 1, Days: -2, Nanoseconds: 3})
		}), `{"v":"P1M-2DT0.000000003S"}`},
		{"list of lists", build(t, arrow.ListOf(arrow.ListOf(arrow.PrimitiveTypes.Int8)), `[[[1,null],null,[]]]`), `[[1,null],null,[]]`},
		{"map", build(t, arrow.MapOf(arrow.BinaryTypes.String, arrow.PrimitiveTypes.Int8), `[[{"key":"a\"b","value":1},{"key":"","value":null}]]`), `{"a\"b":1,"":null}`},
		{"map with numbers as keys", build(t, arrow.MapOf(arrow.PrimitiveTypes.Int32, arrow.PrimitiveTypes.Int8), `[[{"key":-7,"value":1}]]`), `{"-7":1}`},
	} {
		got, err := bound(t, c.arr).Append(nil, 0)
		if err != nil || len(got) < 5 || got[4] != 1 || string(got[5:]) != c.want {
			t.Errorf("%s: %q, %v; want %s", c.name, got, err, c.want)
		}
	}
}

func TestJSONRefusals(t *testing.T) {
	for name, arr := range map[string]arrow.Array{
		"a key twice": build(t, arrow.MapOf(arrow.BinaryTypes.String, arrow.PrimitiveTypes.Int8), `[[{"key":"a","value":1},{"key":"a","value":2}]]`),
		"NUL":         build(t, arrow.StructOf(arrow.Field{Name: "v", Type: arrow.BinaryTypes.String}), `[{"v":"\u0000"}]`),
	} {
		if got, err := bound(t, arr).Append([]byte("kept"), 0); err == nil || string(got) != "kept" {
			t.Errorf("%s: %q, %v; want an error and nothing appended", name, got, err)
		}
	}
}

func TestArray(t *testing.T) {
	list := build(t, arrow.ListOf(arrow.BinaryTypes.String), `[["skipped"],["a",null,""],[],null]`)
	c := bound(t, array.NewSlice(list, 1, 4)) // a slice's offsets are those of the whole
	field, err := c.Append(nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	got := scan[[]pgtype.Text](t, pgtype.TextArrayOID, field)
	if len(got) != 3 || got[0].String != "a" || got[1].Valid || got[2] != (pgtype.Text{Valid: true}) {
		t.Errorf("got %+v", got)
	}
	if field, err = c.Append(nil, 1); err != nil || len(scan[[]pgtype.Text](t, pgtype.TextArrayOID, field)) != 0 {
		t.Errorf("empty list: %x, %v", field, err)
	}
	if field, err = c.Append(nil, 2); err != nil || string(field) != copyNull {
		t.Errorf("null: %x, %v", field, err)
	}
}

func TestEncoderNamesColumnAndRow(t *testing.T) {
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "n", Type: arrow.PrimitiveTypes.Int64},
		{Name: "text", Type: arrow.BinaryTypes.String, Nullable: true},
	}, nil)
	rows, _, err := array.RecordFromJSON(memory.DefaultAllocator, schema, strings.NewReader(`[{"n":1,"text":"a"},{"n":2,"text":null},{"n":3,"text":"\u0000"}]`))
	if err != nil {
		t.Fatal(err)
	}
	e, err := NewEncoder(schema)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Bind(rows); err != nil {
		t.Fatal(err)
	}
	got, err := e.AppendRows(nil, 0, 2, Tail{Fields: 1, Bytes: AppendBool(nil, true)})
	const want = "\x00\x03" + "\x00\x00\x00\x08\x00\x00\x00\x00\x00\x00\x00\x01" + "\x00\x00\x00\x01a" + "\x00\x00\x00\x01\x01" +
		"\x00\x03" + "\x00\x00\x00\x08\x00\x00\x00\x00\x00\x00\x00\x02" + "\xff\xff\xff\xff" + "\x00\x00\x00\x01\x01"
	if err != nil || string(got) != want {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
	_, err = e.AppendRows(nil, 0, 3, Tail{})
	var value *ValueError
	if !errors.As(err, &value) || value.Column != "text" || value.Row != 2 {
		t.Errorf("got %v", err)
	}
	other := array.NewRecordBatch(arrow.NewSchema([]arrow.Field{{Name: "n", Type: arrow.PrimitiveTypes.Int32}, schema.Field(1)}, nil),
		[]arrow.Array{build(t, arrow.PrimitiveTypes.Int32, `[1]`), build(t, arrow.BinaryTypes.String, `["a"]`)}, 1)
	if err := e.Bind(other); err == nil || !strings.Contains(err.Error(), `"n"`) {
		t.Errorf("bound to another type: %v", err)
	}
}

func TestNewColumnRefusesTypesWithoutForm(t *testing.T) {
	twins := arrow.StructOf(arrow.Field{Name: "", Type: arrow.PrimitiveTypes.Int8}, arrow.Field{Name: "", Type: arrow.PrimitiveTypes.Int8})
	for _, typ := range []arrow.DataType{arrow.Null, twins, arrow.ListOf(arrow.Null), arrow.ListOf(twins),
		arrow.StructOf(arrow.Field{Name: "x", Type: arrow.Null}), arrow.MapOf(twins, arrow.PrimitiveTypes.Int8)} {
		if _, err := NewColumn(arrow.Field{Name: "bad", Type: typ}); err == nil || !strings.Contains(err.Error(), "bad") {
			t.Errorf("%s: %v", typ, err)
		}
	}
}

func TestColumnsDoNotAllocate(t *testing.T) {
	columns := []Column{
		bound(t, build(t, arrow.ListOf(arrow.PrimitiveTypes.Uint64), `[[1,2,3]]`)),
		bound(t, build(t, arrow.StructOf(arrow.Field{Name: "v", Type: &arrow.Decimal256Type{Precision: 76}}, arrow.Field{Name: "t", Type: arrow.FixedWidthTypes.Date32}), `[{"v":"123","t":"2023-11-14"}]`)),
		bound(t, build(t, arrow.MapOf(arrow.BinaryTypes.String, arrow.PrimitiveTypes.Int8), `[[{"key":"a","value":1}]]`)),
	}
	dst := make([]byte, 0, 4096)
	if allocs := testing.AllocsPerRun(100, func() {
		for _, c := range columns {
			if _, err := c.Append(dst, 0); err != nil {
				t.Fatal(err)
			}
		}
	}); allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}
