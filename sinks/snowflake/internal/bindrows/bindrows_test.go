package bindrows

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/google/go-cmp/cmp"
	sf "github.com/snowflakedb/gosnowflake/v2"

	"github.com/ampgen/ampgen/runtime"
	"github.com/ampgen/ampgen/sinks/snowflake/ddl"
)

// statement is what the driver sends for an INSERT.
type statement struct {
	SQL      string `json:"sqlText"`
	Bindings map[string]struct {
		Type  string    `json:"type"`
		Value []*string `json:"value"`
	} `json:"bindings"`
}

// bound are the binds in order, as type and values; a null is ∅.
func (s statement) bound() (out []string) {
	for i := range len(s.Bindings) {
		b := s.Bindings[strconv.Itoa(i+1)]
		text := b.Type
		for _, v := range b.Value {
			if v == nil {
				text += " ∅"
			} else {
				text += " " + *v
			}
		}
		out = append(out, text)
	}
	return out
}

// recorder is a server that says yes to everything, and the statements that it was sent.
func recorder(t *testing.T) (*sql.DB, *[]statement) {
	var sent []statement
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := `{}`
		switch r.URL.Path {
		case "/session/v1/login-request":
			answer = `{"token": "t", "masterToken": "m", "validityInSeconds": 3600, "masterValidityInSeconds": 3600}`
		case "/queries/v1/query-request":
			var s statement
			if err := json.NewDecoder(r.Body).Decode(&s); err != nil {
				t.Error(err)
			}
			sent = append(sent, s)
			answer = `{"queryId": "1", "sqlState": "00000", "statementTypeId": 12544, "queryResultFormat": "json", "rowset": [["1"]],
				"rowtype": [{"name": "n", "type": "fixed"}], "total": 1, "returned": 1}`
		}
		fmt.Fprintf(w, `{"success": true, "data": %s}`, answer)
	}))
	t.Cleanup(server.Close)
	address, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	port, _ := strconv.Atoi(address.Port())
	off := "false"
	db := sql.OpenDB(sf.NewConnector(sf.SnowflakeDriver{}, sf.Config{Account: "a", User: "u", Password: "p", Protocol: "http",
		Host: address.Hostname(), Port: port, Params: map[string]*string{"CLIENT_TELEMETRY_ENABLED": &off}}))
	t.Cleanup(func() { db.Close() })
	return db, &sent
}

// inserted are the statements of a batch with one column "v", which fill fills.
func inserted(t *testing.T, f arrow.Field, u ddl.Uint256, fill func(array.Builder)) []statement {
	t.Helper()
	f.Name, f.Nullable = "v", true
	schema := arrow.NewSchema([]arrow.Field{f}, nil)
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	fill(b.Field(0))
	binder, err := New(Options{Schema: schema, BatchID: "unit", Uint256: u})
	if err != nil {
		t.Fatal(err)
	}
	db, sent := recorder(t)
	for chunk, err := range binder.Chunks(b.NewRecordBatch()) {
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.ExecContext(t.Context(), chunk.Insert(`"T"`), chunk.Args...); err != nil {
			t.Fatal(err)
		}
	}
	return *sent
}

func fromJSON(text string) func(array.Builder) {
	return func(b array.Builder) {
		if err := b.UnmarshalJSON([]byte(text)); err != nil {
			panic(err)
		}
	}
}

func TestWhatIsSent(t *testing.T) {
	logical := func(s string) arrow.Metadata { return arrow.MetadataFrom(map[string]string{runtime.LogicalKey: s}) }
	floats := func(v ...float64) func(array.Builder) {
		return func(b array.Builder) { b.(*array.Float64Builder).AppendValues(v, nil) }
	}
	object := arrow.StructOf(arrow.Field{Name: `a "b"`, Type: arrow.PrimitiveTypes.Uint64, Nullable: true},
		arrow.Field{Name: "to", Type: &arrow.FixedSizeBinaryType{ByteWidth: 2}, Nullable: true},
		arrow.Field{Name: "at", Type: arrow.FixedWidthTypes.Timestamp_ns, Nullable: true},
		arrow.Field{Name: "text", Type: arrow.BinaryTypes.String, Nullable: true})
	for _, c := range []struct {
		field arrow.Field
		form  ddl.Uint256
		fill  func(array.Builder)
		want  string
	}{
		{arrow.Field{Type: arrow.FixedWidthTypes.Boolean}, "", fromJSON(`[true, false]`), "BOOLEAN true false"},
		{arrow.Field{Type: arrow.FixedWidthTypes.Boolean}, "", fromJSON(`[true, null]`), "BOOLEAN true ∅"},
		{arrow.Field{Type: arrow.PrimitiveTypes.Int8}, "", fromJSON(`[-128, null, 127]`), "FIXED -128 ∅ 127"},
		{arrow.Field{Type: arrow.PrimitiveTypes.Int64}, "", fromJSON(`[-9223372036854775808, 9223372036854775807]`), "FIXED -9223372036854775808 9223372036854775807"},
		{arrow.Field{Type: arrow.PrimitiveTypes.Uint32}, "", fromJSON(`[4294967295]`), "FIXED 4294967295"},
		{arrow.Field{Type: arrow.PrimitiveTypes.Uint64}, "", fromJSON(`[18446744073709551615, null]`), "TEXT 18446744073709551615 ∅"},
		{arrow.Field{Type: arrow.PrimitiveTypes.Float64}, "", floats(1234567890.123456789, math.NaN(), math.Inf(-1)), "TEXT 1.2345678901234567e+09 NaN -inf"},
		{arrow.Field{Type: arrow.PrimitiveTypes.Float32}, "", fromJSON(`[0.5]`), "TEXT 0.5"},
		{arrow.Field{Type: &arrow.Decimal128Type{Precision: 38, Scale: 3}}, "", fromJSON(`["-0.001", null]`), "TEXT -0.001 ∅"},
		{arrow.Field{Type: &arrow.Decimal256Type{Precision: 76}}, "", fromJSON(`["` + strings.Repeat("9", 76) + `"]`), "TEXT " + strings.Repeat("9", 76)},
		{arrow.Field{Type: arrow.BinaryTypes.String}, "", fromJSON(`["a", "", null, "null"]`), "TEXT a  ∅ null"},
		{arrow.Field{Type: arrow.BinaryTypes.StringView, Metadata: logical("uint256")}, "", fromJSON(`["7", null]`), "TEXT 7 ∅"},
		{arrow.Field{Type: arrow.BinaryTypes.String, Metadata: logical("int256")}, ddl.Uint256Binary, fromJSON(`["-2"]`), "BINARY " + strings.Repeat("f", 63) + "e"},
		{arrow.Field{Type: arrow.BinaryTypes.String, Metadata: logical("int256")}, ddl.Uint256Number, fromJSON(`["-2"]`), "TEXT -2"},
		{arrow.Field{Type: &arrow.FixedSizeBinaryType{ByteWidth: 2}}, "", fromJSON(`["AP8=", null]`), "BINARY 00ff ∅"},
		{arrow.Field{Type: arrow.BinaryTypes.Binary}, "", fromJSON(`["AP8=", ""]`), "BINARY 00ff "},
		{arrow.Field{Type: arrow.FixedWidthTypes.Date32}, "", fromJSON(`["1969-12-31", null]`), "DATE -86400000 ∅"},
		{arrow.Field{Type: arrow.FixedWidthTypes.Date64}, "", fromJSON(`["2023-11-14"]`), "DATE 1699920000000"},
		{arrow.Field{Type: arrow.FixedWidthTypes.Time64ns}, "", fromJSON(`["23:59:59.999999999"]`), "TIME 86399999999999"},
		{arrow.Field{Type: arrow.FixedWidthTypes.Time32s}, "", fromJSON(`["00:00:01", null]`), "TIME 1000000000 ∅"},
		{arrow.Field{Type: arrow.FixedWidthTypes.Timestamp_ns}, "", fromJSON(`["2023-11-14 22:13:20.123456789Z", null]`), "TIMESTAMP_LTZ 1700000000123456789 ∅"},
		{arrow.Field{Type: &arrow.TimestampType{Unit: arrow.Second}}, "", fromJSON(`["1969-12-31 23:59:59"]`), "TIMESTAMP_NTZ -1000000000"},
		{arrow.Field{Type: arrow.FixedWidthTypes.Duration_s}, "", fromJSON(`[-5]`), "FIXED -5"},
		{arrow.Field{Type: arrow.ListOf(arrow.PrimitiveTypes.Uint64)}, "", fromJSON(`[[18446744073709551615, null], [], null]`), "TEXT [18446744073709551615,null] [] ∅"},
		{arrow.Field{Type: arrow.ListOf(arrow.PrimitiveTypes.Float32)}, "", fromJSON(`[[0.5, 1e30]]`), "TEXT [0.5,1.0000000150474662e+30]"},
		{arrow.Field{Type: arrow.FixedSizeListOf(1, arrow.FixedWidthTypes.Boolean)}, "", fromJSON(`[[true], null]`), "TEXT [true] ∅"},
		{arrow.Field{Type: object}, "", fromJSON(`[{"a \"b\"": 1, "to": "AP8=", "at": "2023-11-14 22:13:20.5Z", "text": "\"\\\n é"}, {"a \"b\"": null, "to": null, "at": null, "text": ""}]`),
			`TEXT {"a \"b\"":1,"to":"0x00ff","at":"2023-11-14T22:13:20.5Z","text":"\"\\\u000a é"} {"a \"b\"":null,"to":null,"at":null,"text":""}`},
		{arrow.Field{Type: arrow.MapOf(arrow.BinaryTypes.String, arrow.PrimitiveTypes.Int32)}, "", fromJSON(`[[{"key": "a", "value": 1}, {"key": "", "value": null}], []]`),
			`TEXT {"a":1,"":null} {}`},
	} {
		sent := inserted(t, c.field, c.form, c.fill)
		if len(sent) != 1 || len(sent[0].Bindings) != 2 {
			t.Errorf("%s: sent %v", c.field.Type, sent)
			continue
		}
		if got := sent[0].bound()[0]; got != c.want {
			t.Errorf("%s %s: sent %s, want %s", c.field.Type, c.form, got, c.want)
		}
		want := `INSERT INTO "T" ("V", "_AMP_BATCH_ID") VALUES (?, ?)`
		if arrow.IsNested(c.field.Type.ID()) {
			want = `INSERT INTO "T" ("V", "_AMP_BATCH_ID") SELECT PARSE_JSON(COLUMN1), COLUMN2 FROM VALUES (?, ?)`
		}
		if sent[0].SQL != want {
			t.Errorf("%s: sent %s, want %s", c.field.Type, sent[0].SQL, want)
		}
	}
}

// A column without a value has no type, which the driver would make up.
func TestColumnsWithoutValues(t *testing.T) {
	sent := inserted(t, arrow.Field{Type: arrow.BinaryTypes.Binary}, "", fromJSON(`[null, null]`))
	if len(sent) != 1 || sent[0].SQL != `INSERT INTO "T" ("_AMP_BATCH_ID") VALUES (?)` || !cmp.Equal(sent[0].bound(), []string{"TEXT unit unit"}) {
		t.Errorf("sent %v", sent)
	}
}

func TestChunksAreBounded(t *testing.T) {
	const rows = 60_000
	sent := inserted(t, arrow.Field{Type: arrow.BinaryTypes.String}, "", func(b array.Builder) {
		for i := range rows {
			b.(*array.StringBuilder).Append(fmt.Sprintf("%0200d", i))
		}
	})
	next := 0
	for _, s := range sent {
		values := s.Bindings["1"].Value
		if n := len(values) * 201; n > maxBytes+maxBytes/10 {
			t.Errorf("a statement of %d bytes", n)
		}
		for _, v := range values {
			if *v != fmt.Sprintf("%0200d", next) {
				t.Fatalf("value %d is %s", next, *v)
			}
			next++
		}
	}
	if next != rows || len(sent) < 3 {
		t.Errorf("%d rows in %d statements", next, len(sent))
	}
}

func TestHistoryAndNoRows(t *testing.T) {
	schema := arrow.NewSchema([]arrow.Field{{Name: "v", Type: arrow.PrimitiveTypes.Int64}}, nil)
	binder, err := New(Options{Schema: schema, BatchID: "unit", History: true})
	if err != nil {
		t.Fatal(err)
	}
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	for range binder.Chunks(b.NewRecordBatch()) {
		t.Error("a statement without rows")
	}
	b.Field(0).(*array.Int64Builder).Append(1)
	for chunk, err := range binder.Chunks(b.NewRecordBatch()) {
		if want := `INSERT INTO "T" ("V", "_AMP_BATCH_ID", "_AMP_IS_CURRENT") VALUES (?, ?, ?)`; err != nil || chunk.Insert(`"T"`) != want || chunk.Rows != 1 {
			t.Errorf("%s, %v; want %s", chunk.Insert(`"T"`), err, want)
		}
	}
}

func TestRefusals(t *testing.T) {
	field := arrow.Field{Name: "v", Type: arrow.BinaryTypes.String, Metadata: arrow.MetadataFrom(map[string]string{runtime.LogicalKey: "uint256"})}
	schema := arrow.NewSchema([]arrow.Field{field}, nil)
	binder, err := New(Options{Schema: schema})
	if err != nil {
		t.Fatal(err)
	}
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	b.Field(0).(*array.StringBuilder).Append("12x")
	for _, err := range binder.Chunks(b.NewRecordBatch()) {
		if err == nil || err.Error() != `column "v": row 0: "12x" is not a decimal integer` {
			t.Errorf("error %v", err)
		}
	}
	if _, err := New(Options{Schema: arrow.NewSchema([]arrow.Field{{Name: "n", Type: arrow.Null}}, nil)}); err == nil || !strings.Contains(err.Error(), `column "n"`) {
		t.Errorf("error %v", err)
	}
}
