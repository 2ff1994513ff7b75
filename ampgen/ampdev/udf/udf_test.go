package udf

import (
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ampgen/ampgen/ampgen/ampdev/duck"
	"github.com/ampgen/ampgen/ampgen/internal/abi"
)

// connect opens an empty database with the function registered.
func connect(t testing.TB, f duck.Function) *duck.Conn {
	t.Helper()
	db, err := duck.Open("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	c, err := db.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	if err := c.Register(f); err != nil {
		t.Fatal(err)
	}
	return c
}

// eval evaluates an expression of type result over one row, as text.
func eval(t *testing.T, c *duck.Conn, expr string, result arrow.DataType) (string, error) {
	t.Helper()
	schema := arrow.NewSchema([]arrow.Field{{Name: "x", Type: result, Nullable: true}}, nil)
	out := ""
	err := c.Query(t.Context(), "SELECT "+expr, schema, 0, func(b arrow.RecordBatch) error {
		out = b.Column(0).ValueStr(0)
		return nil
	})
	return out, err
}

func word(n uint64) string { return fmt.Sprintf("%064x", n) }

func blob(hexDigits ...string) string {
	return "unhex('" + strings.Join(hexDigits, "") + "')"
}

const max256 = "115792089237316195423570985008687907853269984665640564039457584007913129639935"

func TestDecodeLog(t *testing.T) {
	addr := strings.Repeat("ab", 20)
	topic := strings.Repeat("00", 12) + addr
	ff := strings.Repeat("ff", 32)
	tests := []struct{ signature, args, want string }{
		{"Transfer(address indexed from, address indexed to, uint256 value)",
			blob(topic) + "," + blob(topic) + ",NULL," + blob(ff),
			`{"from":"q6urq6urq6urq6urq6urq6urq6s=","to":"q6urq6urq6urq6urq6urq6urq6s=","value":"` + max256 + `"}`},
		{"Transfer(address indexed from, address indexed to, uint256 value)",
			"NULL,NULL,NULL," + blob(topic, topic, word(7)), // nothing indexed: the first word is the value
			`{"from":null,"to":null,"value":"980065803857193721618941593703860377886919469995"}`},
		{"Transfer(address indexed from, address indexed to, uint256 value)",
			blob(topic) + ",NULL,NULL," + blob("00ff"),
			`{"from":"q6urq6urq6urq6urq6urq6urq6s=","to":null,"value":null}`},
		{"S(int8 a, int24 b, uint64 c, int128 d, uint120 e, bool f)",
			"NULL,NULL,NULL," + blob(ff, strings.Repeat("ff", 29)+"fffffe", word(1<<63), ff, word(5), word(1)),
			`{"a":-1,"b":-2,"c":9223372036854775808,"d":"-1","e":"5","f":true}`},
		{"D(string indexed s, string t, uint16[] u, (bool,bytes2)[1] v)",
			blob(ff) + ",NULL,NULL," + blob(word(96+32), word(192), word(1), "beef"+strings.Repeat("00", 30), word(2), "6869"+strings.Repeat("00", 30), word(2), word(3), word(4)),
			`{"s":"//////////////////////////////////////////8=","t":"hi","u":[3,4],"v":[{"c0":true,"c1":"vu8="}]}`},
		{"N(uint8, uint8 A, uint8 a)",
			"NULL,NULL,NULL," + blob(word(1), word(2), word(3)),
			`{"#0":1,"A":2,"a#2":3}`},
	}
	for _, tt := range tests {
		e, err := abi.ParseEvent(tt.signature)
		if err != nil {
			t.Fatal(err)
		}
		f := DecodeLog("decode", e)
		got, err := eval(t, connect(t, f), "decode("+tt.args+")", f.Result)
		if err != nil || got != tt.want {
			t.Errorf("%s: %s, %v\nwant %s", tt.signature, got, err, tt.want)
		}
	}
}

func TestDecodeLogRefusesBadTopic(t *testing.T) {
	e, _ := abi.ParseEvent("E(uint8 indexed a)")
	f := DecodeLog("decode", e)
	_, err := eval(t, connect(t, f), "decode("+blob(word(300))+",NULL,NULL,unhex(''))", f.Result)
	if err == nil || !strings.Contains(err.Error(), "topic 1 of E") {
		t.Errorf("got %v, want an error that names the topic", err)
	}
}

func TestDecodeManyRows(t *testing.T) {
	e, _ := abi.ParseEvent("E(uint32 indexed a, string b)")
	c := connect(t, DecodeLog("decode", e))
	schema := arrow.NewSchema([]arrow.Field{{Name: "n", Type: arrow.PrimitiveTypes.Int64}}, nil)
	query := `SELECT count(*) FROM (SELECT i, decode(unhex(printf('%064x', i)), NULL, NULL,
		unhex(printf('%064x%064x', 32, length(i::VARCHAR)) || rpad(hex(i::VARCHAR), 64, '0'))) AS d FROM range(10000) t(i)) WHERE d.a = i AND d.b = i::VARCHAR`
	err := c.Query(t.Context(), query, schema, 0, func(b arrow.RecordBatch) error {
		if got := b.Column(0).ValueStr(0); got != "10000" {
			t.Errorf("%s of 10,000 rows decode right", got)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestDecodeParams(t *testing.T) {
	f, _ := abi.ParseFunction("function transfer(address to, uint256 amount) returns (bool)")
	fn, err := DecodeParams("decode_call", f)
	if err != nil {
		t.Fatal(err)
	}
	c := connect(t, fn)
	for args, want := range map[string]string{
		blob("a9059cbb", word(1), word(2)): `{"amount":"2","to":"AAAAAAAAAAAAAAAAAAAAAAAAAAE="}`,
		blob("a9059cbc", word(1), word(2)): "(null)",
		blob("a905"):                       "(null)",
		"NULL":                             "(null)",
	} {
		if got, err := eval(t, c, "decode_call("+args+")", fn.Result); err != nil || got != want {
			t.Errorf("%s: %s, %v, want %s", args, got, err, want)
		}
	}
	unnamed, _ := abi.ParseFunction("f(address)")
	if _, err := DecodeParams("decode", unnamed); err == nil {
		t.Error("an unnamed input was accepted")
	}
}

func TestEncode(t *testing.T) {
	f, _ := abi.ParseFunction("transfer(address to, uint256 amount)")
	c := connect(t, EncodeParams("encode", f))
	want := "a9059cbb" + word(0xab) + strings.Repeat("ff", 32)
	got, err := eval(t, c, "hex(encode("+blob(word(0xab)[24:])+",'"+max256+"'))", arrow.BinaryTypes.String)
	if err != nil || !strings.EqualFold(got, want) {
		t.Errorf("encoded %s, %v, want %s", got, err, want)
	}
	for _, tt := range []struct{ typ, value, want string }{
		{"int16", "'-2'", strings.Repeat("ff", 31) + "fe"},
		{"uint8[]", "['1',NULL]", word(32) + word(2) + word(1) + word(0)},
		{"string", "'hi'", word(32) + word(2) + "6869" + strings.Repeat("00", 30)},
		{"bool", "true", word(1)},
		{"(uint8,bytes2)", "{'c0':'3','c1':unhex('beef')}", word(3) + "beef" + strings.Repeat("00", 30)},
	} {
		typ, err := abi.ParseType(tt.typ)
		if err != nil {
			t.Fatal(err)
		}
		c := connect(t, EncodeType("encode", typ))
		got, err := eval(t, c, "hex(encode("+tt.value+"))", arrow.BinaryTypes.String)
		if err != nil || !strings.EqualFold(got, tt.want) {
			t.Errorf("%s: %s, %v, want %s", tt.typ, got, err, tt.want)
		}
		raw, _ := hex.DecodeString(tt.want)
		if _, ok := typ.Decode(raw); !ok {
			t.Errorf("%s: the vector does not decode", tt.typ)
		}
	}
	small, _ := abi.ParseType("uint8")
	if _, err := eval(t, connect(t, EncodeType("encode", small)), "encode('256')", arrow.BinaryTypes.Binary); err == nil {
		t.Error("256 was encoded as uint8")
	}
}

func TestDecodeType(t *testing.T) {
	for _, tt := range []struct{ typ, data, want string }{
		{"uint128", blob(strings.Repeat("00", 16), strings.Repeat("ff", 16)), "340282366920938463463374607431768211455"},
		{"int256", blob(strings.Repeat("ff", 32)), "-1"},
		{"uint256", blob("00"), "(null)"},
		{"uint256", "NULL", "(null)"},
	} {
		typ, _ := abi.ParseType(tt.typ)
		f := DecodeType("decode", typ)
		if got, err := eval(t, connect(t, f), "decode("+tt.data+")", f.Result); err != nil || got != tt.want {
			t.Errorf("%s: %s, %v, want %s", tt.typ, got, err, tt.want)
		}
	}
}

func TestShiftUnits(t *testing.T) {
	for _, tt := range []struct {
		number string
		units  int64
		want   string
	}{
		{"1994930000000000000", -18, "1.99493"}, {"5", 3, "5000"}, {"-15", -1, "-1.5"}, {"0.5", 1, "5"}, {"1", -3, "0.001"},
		{"0", -18, "0"}, {"1e3", -2, "10"}, {max256, -32, max256[:46] + "." + max256[46:]}, {"-0.05", 0, "-0.05"}, {"100", -1, "10"},
	} {
		if got, err := shift(tt.number, tt.units); err != nil || got != tt.want {
			t.Errorf("shift(%s, %d) = %s, %v, want %s", tt.number, tt.units, got, err, tt.want)
		}
	}
	for _, bad := range []string{"", "x", "1.2.3", "0x10", "1e", "1_000"} {
		if got, err := shift(bad, 0); err == nil {
			t.Errorf("shift(%q) = %s", bad, got)
		}
	}
	if _, err := shift("1", 33); err == nil {
		t.Error("33 units were accepted")
	}
}
