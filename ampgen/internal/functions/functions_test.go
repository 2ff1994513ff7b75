package functions

import (
	"errors"
	"testing"

	"github.com/ampgen/ampgen/ampgen/internal/coerce"
)

// column is a nullable argument of a type, word a text literal, number an integer literal.
func column(text string) Arg { return Arg{Type: typeOf(text), Nullable: true} }
func word(text string) Arg   { return Arg{Type: utf8, Literal: &Literal{Text: text}} }
func whole(text string) Arg  { return Arg{Type: int64Type, Literal: &Literal{Text: text}} }

func named(name string, a Arg) Arg {
	a.Name = name
	return a
}

func lookup(t *testing.T, name string) *Function {
	t.Helper()
	if f, ok := Lookup(name, true); ok {
		return f
	}
	if f, ok := LookupTable(name); ok {
		return f
	}
	f, ok := LookupDataset(name)
	if !ok {
		t.Fatalf("no function %s", name)
	}
	return f
}

func TestAmpFunctions(t *testing.T) {
	const transfer = "Transfer(address indexed from, address indexed to, uint256 value)"
	topic, data := column("FixedSizeBinary(32)"), column("Binary")
	for _, tt := range []struct {
		name     string
		args     []Arg
		want     string
		nullable bool
		says     bool // announced nullability
	}{
		{"evm_decode_log", []Arg{topic, topic, topic, data, word(transfer)},
			`Struct("from": FixedSizeBinary(20), "to": FixedSizeBinary(20), "value": Utf8)`, false, false},
		{"evm_decode_log", []Arg{topic, topic, topic, data, word("Paused()")}, "Null", true, true},
		{"evm_topic", []Arg{word(transfer)}, "FixedSizeBinary(32)", true, true},
		{"evm_encode_hex", []Arg{word("0xdac17f958d2ee523a2206206994597c13d831ec7")}, "FixedSizeBinary(20)", false, false},
		{"evm_encode_hex", []Arg{word("ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef")}, "FixedSizeBinary(32)", false, false},
		{"evm_decode_hex", []Arg{column("FixedSizeBinary(20)")}, "Utf8", true, true},
		{"evm_decode_params", []Arg{data, word("transfer(address to, uint128 amount)")},
			`Struct("to": FixedSizeBinary(20), "amount": Decimal256(76, 0))`, true, true},
		{"evm_decode_params", []Arg{data, word("pause()")}, "Struct()", true, true},
		{"evm_encode_params", []Arg{column("FixedSizeBinary(20)"), column("Decimal128(38, 0)"), word("transfer(address to, uint256 amount)")}, "Binary", true, true},
		{"evm_decode_type", []Arg{data, word("uint64")}, "UInt64", true, false},
		{"evm_encode_type", []Arg{column("Int32"), word("int256")}, "Binary", true, true},
		{"shift_units", []Arg{column("Utf8"), whole("-18")}, "Utf8", true, true},
		{"block_num", nil, "UInt64", true, true},
		{"eth_call", []Arg{{Type: null, Nullable: true, Literal: &Literal{}}, column("FixedSizeBinary(20)"), data, column("UInt64")},
			`Struct("data": Binary, "message": Utf8)`, true, true},
	} {
		got, err := lookup(t, tt.name).Resolve(tt.args)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
		} else if text := coerce.Format(got.Type); text != tt.want || got.Nullable != tt.nullable || got.AnnouncedNullable != tt.says {
			t.Errorf("%s = %s, nullable %v, announced %v", tt.name, text, got.Nullable, got.AnnouncedNullable)
		}
	}
}

func TestFaults(t *testing.T) {
	topic, data := column("FixedSizeBinary(32)"), column("Binary")
	for _, tt := range []struct {
		name           string
		args           []Arg
		kind           ErrorKind
		arg            int
		offset, length int
		text           string
	}{
		{"length", nil, Arity, -1, 0, 0, "character_length takes 1 argument, not 0"},
		{"substr", []Arg{column("Utf8")}, Arity, -1, 0, 0, "substr takes 2 or 3 arguments, not 1"},
		{"concat_ws", []Arg{column("Utf8")}, Arity, -1, 0, 0, "concat_ws takes 2 or more arguments, not 1"},
		{"now", []Arg{whole("3")}, Arity, -1, 0, 0, "now takes no arguments, not 1"},
		{"lower", []Arg{column("FixedSizeBinary(20)")}, Type, 0, 0, 0,
			"lower does not take FixedSizeBinary(20) as argument 1 (write arrow_cast(x, 'Binary') for its bytes, or encode(x, 'hex') for their text)"},
		{"left", []Arg{column("Utf8"), column("UInt64")}, Type, 1, 0, 0, "left does not take UInt64 as argument 2 (write CAST(x AS BIGINT))"},
		{"to_timestamp", []Arg{column("UInt64")}, Type, 0, 0, 0, "to_timestamp does not take UInt64 as argument 1 (write CAST(x AS BIGINT))"},
		{"date_part", []Arg{column("Utf8"), column("Timestamp(ns)")}, NotLiteral, 0, 0, 0, "date_part needs a literal text here (write it in single quotes)"},
		{"date_part", []Arg{word("year"), column("Time64(ns)")}, Value, 0, 0, 0,
			"Time64(ns) has no part year (its parts are hour, minute, second, millisecond, microsecond and epoch)"},
		{"encode", []Arg{data, column("Utf8")}, NotLiteral, 1, 0, 0, "encode needs a constant here, the same for all rows (write a literal)"},
		{"arrow_cast", []Arg{column("Int64"), word("Timestamp(min)")}, Value, 1, 10, 3, `unknown time unit "min"; the units are s, ms, us and ns`},
		{"arrow_cast", []Arg{column("FixedSizeBinary(20)"), word("Utf8")}, Type, 0, 0, 0,
			"cannot cast FixedSizeBinary(20) to Utf8 (write arrow_cast(x, 'Binary') for its bytes, or encode(x, 'hex') for their text)"},
		{"get_field", []Arg{column(`Struct("a": Int64, "b": Utf8)`), word("c")}, Value, 1, 0, 0, `the struct has no field "c" (its fields are a and b)`},
		{"substr", []Arg{column("Utf8"), named("length", whole("1")), named("start_pos", column("UInt64"))}, Type, 2, 0, 0,
			"substr does not take UInt64 as argument 2 (write CAST(x AS BIGINT))"},
		{"substr", []Arg{column("Utf8"), named("nope", whole("1"))}, Named, 1, 0, 0, "substr has no parameter nope (its parameters are str, start_pos and length)"},
		{"substr", []Arg{column("Utf8"), named("str", whole("1"))}, Named, 1, 0, 0, "parameter str has two values (remove one)"},
		{"lower", []Arg{named("str", column("Utf8"))}, Named, 0, 0, 0, "lower takes no named arguments (remove str =>)"},
		{"range", []Arg{column("Float64")}, Type, 0, 0, 0, "range does not take Float64 as argument 1 (cast the number to the type that is meant, such as CAST(x AS BIGINT) or CAST(x AS TEXT))"},

		{"evm_decode_log", []Arg{topic, topic, topic, data, word("Transfer(adress from)")}, Value, 4, 9, 6,
			`unknown type "adress" (did you mean address?)`},
		{"evm_decode_log", []Arg{topic, topic, topic, data, column("Utf8")}, NotLiteral, 4, 0, 0, "evm_decode_log needs a literal text here (write it in single quotes)"},
		{"evm_decode_log", []Arg{topic, {Type: null, Nullable: true}, topic, data, word("A()")}, Type, 1, 0, 0,
			"evm_decode_log does not take a bare NULL as argument 2 (write arrow_cast(NULL, 'FixedSizeBinary(32)'))"},
		{"evm_topic", []Arg{word("A(uint256 x) anonymous")}, Value, 0, 0, 0, "an anonymous event has no topic (remove anonymous from the signature)"},
		{"evm_encode_hex", []Arg{word("0x1234")}, Value, 0, 0, 0, "expected 40 or 64 hex digits, found 4 characters (write the whole address or hash)"},
		{"evm_decode_hex", []Arg{column("Binary")}, Type, 0, 0, 0, "evm_decode_hex does not take (Binary) (cast it to a type that the function takes)"},
		{"evm_encode_params", []Arg{column("Utf8"), word("f(uint256 x)")}, Type, 0, 0, 0,
			"Utf8 does not encode as uint256 (write CAST(x AS DECIMAL(76, 0)))"},
		{"evm_encode_params", []Arg{word("f(uint256 x)")}, Arity, -1, 0, 0,
			"f of the signature has 1 parameter, and there are 0 (write one value for each parameter, and the signature last)"},
		{"shift_units", []Arg{column("Utf8"), whole("33")}, Value, 1, 0, 0, "units are a whole number from -32 to 32"},
		{"shift_units", []Arg{column("Utf8View"), whole("6")}, Type, 0, 0, 0,
			"shift_units does not take Utf8View as argument 1 (cast the text to the type that is meant)"},
	} {
		_, err := lookup(t, tt.name).Resolve(tt.args)
		var e *Error
		if !errors.As(err, &e) {
			t.Errorf("%s: no *Error but %v", tt.name, err)
		} else if e.Kind != tt.kind || e.Arg != tt.arg || e.Offset != tt.offset || e.Length != tt.length || e.Error() != tt.text {
			t.Errorf("%s: kind %d, argument %d at %d+%d: %s", tt.name, e.Kind, e.Arg, e.Offset, e.Length, e)
		}
	}
}

func TestNamedArguments(t *testing.T) {
	got, err := lookup(t, "substr").Resolve([]Arg{column("Utf8"), named("length", whole("2")), named("start_pos", whole("1"))})
	if err != nil || coerce.Format(got.Type) != "Utf8View" {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestTableFunctions(t *testing.T) {
	day := Arg{Type: typeOf("Interval(MonthDayNano)"), Literal: &Literal{Text: "INTERVAL '1 day'"}}
	date := Arg{Type: date32, Constant: true}
	for _, tt := range []struct {
		args []Arg
		want string
	}{
		{[]Arg{whole("3")}, "Int64"},
		{[]Arg{whole("1"), {Type: null, Literal: &Literal{}}}, "Int64"},
		{[]Arg{date, date, day}, "Timestamp(ns)"},
		{[]Arg{{Type: typeOf(`Timestamp(s, "UTC")`)}, {Type: typeOf("Timestamp(ns)")}, day}, `Timestamp(ns, "UTC")`},
	} {
		f, _ := LookupTable("generate_series")
		got, err := f.Resolve(tt.args)
		if err != nil || coerce.Format(got.Type) != tt.want || got.Nullable {
			t.Errorf("generate_series: got %v, %v, want %s", got, err, tt.want)
		}
	}
	if _, ok := LookupTable("GENERATE_SERIES"); ok {
		t.Error("table functions are found by their exact name only")
	}
}

func TestLookup(t *testing.T) {
	for _, tt := range []struct {
		name string
		over bool
		kind Kind
		ok   bool
	}{
		{"lower", false, Scalar, true},
		{"lower", true, Scalar, true}, // OVER has no effect on it
		{"sum", false, Aggregate, true},
		{"sum", true, Aggregate, true},
		{"first_value", false, Aggregate, true},
		{"first_value", true, Window, true},
		{"row_number", false, Scalar, false},
		{"row_number", true, Window, true},
		{"unnest", false, Planner, true},
		{"mod", false, Scalar, false},
	} {
		f, ok := Lookup(tt.name, tt.over)
		if ok != tt.ok || ok && f.Kind != tt.kind {
			t.Errorf("Lookup(%s, %v) = %v, %v", tt.name, tt.over, f, ok)
		}
	}
}
