package abi

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/holiman/uint256"
)

func words(t *testing.T, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// w is one word of hex, padded on the left.
func w(digits string) string { return strings.Repeat("0", 64-len(digits)) + digits }

// left is one word of hex, padded on the right.
func left(digits string) string { return digits + strings.Repeat("0", 64-len(digits)) }

// show renders a value by its type.
func show(t Type, v Value) string {
	switch {
	case v.Null:
		return "null"
	case t.Kind == Bool && v.Bool():
		return "true"
	case t.Kind == Bool:
		return "false"
	case t.Kind == Int || t.Kind == Uint:
		return v.Decimal(t)
	case t.Kind == String:
		return v.Text
	case t.Kind == Array || t.Kind == FixedArray:
		var parts []string
		for _, item := range v.Items {
			parts = append(parts, show(*t.Elem, item))
		}
		return "[" + strings.Join(parts, " ") + "]"
	case t.Kind == Tuple:
		var parts []string
		for i, item := range v.Items {
			parts = append(parts, show(t.Fields[i], item))
		}
		return "(" + strings.Join(parts, " ") + ")"
	}
	return "0x" + hex.EncodeToString(v.Bytes)
}

// The encodings are worked out by hand from the contract ABI specification.
func TestValues(t *testing.T) {
	ff := strings.Repeat("f", 64)
	tests := []struct{ typ, data, want string }{
		{"bool", w("1"), "true"},
		{"bool", w("0"), "false"},
		{"uint8", w("ff"), "255"},
		{"int8", strings.Repeat("f", 62) + "80", "-128"},
		{"int64", strings.Repeat("f", 48) + "8000000000000000", "-9223372036854775808"},
		{"uint128", w(strings.Repeat("f", 32)), "340282366920938463463374607431768211455"},
		{"uint256", ff, "115792089237316195423570985008687907853269984665640564039457584007913129639935"},
		{"int256", ff, "-1"},
		{"int256", "8" + strings.Repeat("0", 63), "-57896044618658097711785492504343953926634992332820282019728792003956564819968"},
		{"address", w(strings.Repeat("ab", 20)), "0x" + strings.Repeat("ab", 20)},
		{"bytes3", left("abcdef"), "0xabcdef"},
		{"bytes", w("20") + w("3") + left("abcdef"), "0xabcdef"},
		{"bytes", w("20") + w("0"), "0x"},
		{"string", w("20") + w("5") + left("48656c6c6f"), "Hello"},
		{"uint8[]", w("20") + w("2") + w("1") + w("2"), "[1 2]"},
		{"uint8[]", w("20") + w("0"), "[]"},
		{"uint8[2][2]", w("1") + w("2") + w("3") + w("4"), "[[1 2] [3 4]]"},
		{"(uint8,string)", w("20") + w("7") + w("40") + w("2") + left("6869"), "(7 hi)"},
		{"(uint8,(bool,bytes2))", w("7") + w("1") + left("abcd"), "(7 (true 0xabcd))"},
		{"string[2]", w("20") + w("40") + w("80") + w("1") + left("61") + w("1") + left("62"), "[a b]"},
		{"uint8[][]", w("20") + w("2") + w("40") + w("80") + w("1") + w("1") + w("1") + w("2"), "[[1] [2]]"},
		{"(string,uint8)[]", w("20") + w("1") + w("20") + w("40") + w("9") + w("1") + left("61"), "[(a 9)]"},
	}
	for _, tt := range tests {
		typ, err := ParseType(tt.typ)
		if err != nil {
			t.Fatal(err)
		}
		data := words(t, tt.data)
		v, ok := typ.Decode(data)
		if !ok {
			t.Errorf("%s: %s does not decode", tt.typ, tt.data)
			continue
		}
		if got := show(typ, v); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.typ, got, tt.want)
		}
		enc, err := typ.Encode(v)
		if err != nil || hex.EncodeToString(enc) != tt.data {
			t.Errorf("%s: encoded as %x, %v; want %s", tt.typ, enc, err, tt.data)
		}
	}
}

func TestValuesThatDoNotDecode(t *testing.T) {
	for typ, data := range map[string]string{
		"uint8":    w("100"),
		"int8":     w("80"),
		"uint16":   "",
		"bytes":    w("20") + w("3"),
		"string":   w("40"),
		"bool[]":   w("20") + w("ffffffffffffffff"),
		"uint8[3]": w("1") + w("2"),
		"()[]":     w("20") + w("5"),
		"address":  strings.Repeat("00", 31),
		"bytes[]":  w("20") + w("1") + w("ff"),
	} {
		parsed, err := ParseType(typ)
		if err != nil {
			t.Fatal(err)
		}
		if v, ok := parsed.Decode(words(t, data)); ok {
			t.Errorf("%s: %s decodes as %s", typ, data, show(parsed, v))
		}
	}
	// Offsets that all point to the same bytes must not blow up.
	var blow strings.Builder
	blow.WriteString(w("20"))
	for range 6 {
		blow.WriteString(w("40") + strings.Repeat(w("800"), 64))
	}
	deep, _ := ParseType("uint8[][][][][][]")
	if _, ok := deep.Decode(words(t, blow.String())); ok {
		t.Error("overlapping arrays decoded")
	}
}

func TestLenientDecoding(t *testing.T) {
	address, _ := ParseType("address")
	if v, ok := address.Decode(words(t, strings.Repeat("ff", 12)+strings.Repeat("ab", 20))); !ok || len(v.Bytes) != 20 || v.Bytes[0] != 0xab {
		t.Errorf("address with padding: %v %v", v, ok)
	}
	flag, _ := ParseType("bool")
	if v, ok := flag.Decode(words(t, w("2"))); !ok || !v.Bool() {
		t.Errorf("bool 2: %v %v", v, ok)
	}
	text, _ := ParseType("string")
	if v, ok := text.Decode(words(t, w("20")+w("1")+left("ff"))); !ok || v.Text != "\uFFFD" {
		t.Errorf("bad UTF-8: %v %v", v, ok)
	}
}

func TestDecodeLog(t *testing.T) {
	transfer, err := ParseEvent("Transfer(address indexed from, address indexed to, uint256 value)")
	if err != nil {
		t.Fatal(err)
	}
	from, to := words(t, w(strings.Repeat("11", 20))), words(t, w(strings.Repeat("22", 20)))
	check := func(e *Event, topics [3][]byte, data, want string) {
		t.Helper()
		values, err := e.DecodeLog(topics, words(t, data))
		if err != nil {
			t.Fatal(err)
		}
		types := append(paramTypes(e.Indexed()), paramTypes(e.Body())...)
		var got []string
		for i, v := range values {
			got = append(got, show(types[i], v))
		}
		if diff := cmp.Diff(want, strings.Join(got, " ")); diff != "" {
			t.Error(diff)
		}
	}
	f, g := "0x"+strings.Repeat("11", 20), "0x"+strings.Repeat("22", 20)
	check(transfer, [3][]byte{from, to}, w("2a"), f+" "+g+" 42")
	check(transfer, [3][]byte{from, to}, w("2a")+w("1"), f+" "+g+" 42") // more data than parameters
	check(transfer, [3][]byte{from, to}, "002a", f+" "+g+" null")       // too short
	check(transfer, [3][]byte{from, to}, "", f+" "+g+" null")
	check(transfer, [3][]byte{}, w("2a"), "null null 42")

	mixed, err := ParseEvent("E(uint8 a, string indexed s, bool b, int16 indexed n)")
	if err != nil {
		t.Fatal(err)
	}
	hash := words(t, strings.Repeat("cd", 32))
	values, err := mixed.DecodeLog([3][]byte{hash, words(t, w("7fff"))}, words(t, w("9")+w("1")))
	if err != nil {
		t.Fatal(err)
	}
	want := []Value{{Bytes: hash}, {Int: *uint256.NewInt(0x7fff)}, {Int: *uint256.NewInt(9)}, {Int: *uint256.NewInt(1)}}
	if diff := cmp.Diff(want, values); diff != "" {
		t.Error(diff)
	}
	_, err = mixed.DecodeLog([3][]byte{hash, words(t, w("8000"))}, nil)
	if err == nil || err.Error() != "topic 2 of E: 0x"+w("8000")+" is no int16" {
		t.Errorf("topic out of range: %v", err)
	}
	_, err = transfer.DecodeLog([3][]byte{from[1:]}, nil)
	if err == nil || err.Error() != "topic 1 of Transfer: it has 31 bytes, not 32" {
		t.Errorf("short topic: %v", err)
	}
}

func TestCalls(t *testing.T) {
	f, err := ParseFunction("transfer(address to, uint256 amount)")
	if err != nil {
		t.Fatal(err)
	}
	data := words(t, "a9059cbb"+w(strings.Repeat("22", 20))+w("2a"))
	args, ok := f.DecodeCall(data)
	if !ok || show(f.Inputs[1].Type, args[1]) != "42" {
		t.Fatalf("decoded %v, %v", args, ok)
	}
	enc, err := f.EncodeCall(args)
	if err != nil || hex.EncodeToString(enc) != hex.EncodeToString(data) {
		t.Errorf("encoded %x, %v", enc, err)
	}
	for _, bad := range []string{"", "a9059c", "a9059cbc" + w("1") + w("1"), "a9059cbb" + w("1")} {
		if args, ok := f.DecodeCall(words(t, bad)); ok {
			t.Errorf("%s decodes as %v", bad, args)
		}
	}
	_, err = f.EncodeCall(args[:1])
	if err == nil || err.Error() != "transfer(address,uint256) takes 2 arguments, not 1" {
		t.Errorf("too few arguments: %v", err)
	}
	for text, v := range map[string]Value{
		"null is no uint8":         {Null: true},
		"256 is no uint8":          {Int: *uint256.NewInt(256)},
		"3 bytes are no bytes2":    {Bytes: []byte{1, 2, 3}},
		"1 values are no uint8[2]": {Items: []Value{{}}},
	} {
		typ, err := ParseType(text[strings.LastIndex(text, " ")+1:])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := typ.Encode(v); err == nil || err.Error() != text {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add("(string,uint8)[]", []byte(strings.Repeat("\x00", 128)))
	f.Add("uint8[][2]", []byte(strings.Repeat("\x00", 31)+"\x20"))
	f.Fuzz(func(t *testing.T, text string, data []byte) {
		typ, err := ParseType(text)
		if err != nil {
			return
		}
		v, ok := typ.Decode(data)
		if !ok {
			return
		}
		enc, err := typ.Encode(v)
		if err != nil {
			t.Fatalf("%s: decoded value does not encode: %v", typ, err)
		}
		again, ok := typ.Decode(enc)
		if !ok || show(typ, again) != show(typ, v) {
			t.Fatalf("%s: %s became %s", typ, show(typ, v), show(typ, again))
		}
	})
}
