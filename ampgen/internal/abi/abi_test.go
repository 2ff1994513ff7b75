package abi

import (
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
)

// plain is the text of a type without the nullability of struct fields, which are all nullable.
func plain(dt arrow.DataType) string { return strings.ReplaceAll(dt.String(), " nullable", "") }

func TestParseEvent(t *testing.T) {
	tests := []struct {
		sig, canonical, topic0 string
		indexed                int
		anonymous              bool
		arrow                  string
	}{
		{
			sig:       "Transfer(address indexed from, address indexed to, uint256 value)",
			canonical: "Transfer(address,address,uint256)",
			topic0:    "ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef",
			indexed:   2,
			arrow:     "struct<from: fixed_size_binary[20], to: fixed_size_binary[20], value: utf8>",
		},
		{
			sig:       "event Approval(address indexed owner,address indexed spender,uint value) anonymous;",
			canonical: "Approval(address,address,uint256)",
			topic0:    "8c5be1e5ebec7d5bd14f71427d1e84f3dd0314c0f7b2291e5b200ac8c7c3b925",
			indexed:   2,
			anonymous: true,
			arrow:     "struct<owner: fixed_size_binary[20], spender: fixed_size_binary[20], value: utf8>",
		},
		{
			sig:       "Swap(address indexed sender, uint256 amount0In, uint256 amount1In, uint256 amount0Out, uint256 amount1Out, address indexed to)",
			canonical: "Swap(address,uint256,uint256,uint256,uint256,address)",
			topic0:    "d78ad95fa46c994b6551d0da85fc275fe613ce37657fb8d5e3d130840159d822",
			indexed:   2,
			arrow:     "struct<sender: fixed_size_binary[20], to: fixed_size_binary[20], amount0In: utf8, amount1In: utf8, amount0Out: utf8, amount1Out: utf8>",
		},
		{
			sig:       "Swap(address indexed sender, address indexed recipient, int256 amount0, int256 amount1, uint160 sqrtPriceX96, uint128 liquidity, int24 tick)",
			canonical: "Swap(address,address,int256,int256,uint160,uint128,int24)",
			topic0:    "c42079f94a6350d7e6235f29174924f928cc2ac818eb64fed8004e115fbcca67",
			indexed:   2,
			arrow: "struct<sender: fixed_size_binary[20], recipient: fixed_size_binary[20], amount0: utf8, amount1: utf8, " +
				"sqrtPriceX96: decimal256(76, 0), liquidity: decimal256(76, 0), tick: int32>",
		},
		{
			sig:       "Named(string indexed label, bytes indexed blob, (uint8 a,bool)[2] pair, bytes32[] roots, Lib.Kind kind, address payable)",
			canonical: "Named(string,bytes,(uint8,bool)[2],bytes32[],uint8,address)",
			topic0:    "",
			indexed:   2,
			arrow: "struct<label: fixed_size_binary[32], blob: fixed_size_binary[32], " +
				"pair: fixed_size_list<item: struct<c0: uint8, c1: bool>,>[2], roots: list<item: fixed_size_binary[32],>, kind: uint8, : fixed_size_binary[20]>",
		},
		{sig: "Paused()", canonical: "Paused()", arrow: "null"},
		{sig: "event(bool indexed x)", canonical: "event(bool)", indexed: 1, arrow: "struct<x: bool>"},
	}
	for _, tt := range tests {
		t.Run(tt.canonical, func(t *testing.T) {
			e, err := ParseEvent(tt.sig)
			if err != nil {
				t.Fatal(err)
			}
			if got := e.Signature(); got != tt.canonical {
				t.Errorf("signature %s, want %s", got, tt.canonical)
			}
			hash := e.Topic0()
			if got := hex.EncodeToString(hash[:]); tt.topic0 != "" && got != tt.topic0 {
				t.Errorf("topic0 %s, want %s", got, tt.topic0)
			}
			if len(e.Indexed()) != tt.indexed || e.Anonymous != tt.anonymous {
				t.Errorf("indexed %d anonymous %v", len(e.Indexed()), e.Anonymous)
			}
			if got := plain(e.ArrowType()); got != tt.arrow {
				t.Errorf("arrow type\n got %s\nwant %s", got, tt.arrow)
			}
		})
	}
}

func TestParseFunction(t *testing.T) {
	f, err := ParseFunction("function transfer(address to, uint256 amount) external virtual_ returns (bool)")
	if err == nil {
		t.Fatalf("accepted an unknown modifier: %+v", f)
	}
	f, err = ParseFunction("function transfer(address to, uint256 amount) external payable returns (bool ok, string memory);")
	if err != nil {
		t.Fatal(err)
	}
	if got := f.Selector(); got != [4]byte{0xa9, 0x05, 0x9c, 0xbb} {
		t.Errorf("selector %x", got)
	}
	dt, err := f.InputsArrowType()
	if err != nil {
		t.Fatal(err)
	}
	if got := plain(dt); got != "struct<to: fixed_size_binary[20], amount: utf8>" {
		t.Errorf("arrow type %s", got)
	}
	f, err = ParseFunction("f(uint8 a, uint8)")
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.InputsArrowType()
	var fault *Error
	if !errors.As(err, &fault) || fault.Offset != 11 || fault.Length != 5 || fault.Message != "parameter 2 of f has no name" {
		t.Errorf("unnamed input: %+v", err)
	}
}

func TestFaults(t *testing.T) {
	tests := []struct {
		sig            string
		offset, length int
		message, help  string
	}{
		{"Transfer(address indexed from, unit256 value)", 31, 7, `unknown type "unit256"`, `did you mean uint256?`},
		{"Transfer(adress from)", 9, 6, `unknown type "adress"`, `did you mean address?`},
		{"Transfer(uint257 v)", 9, 7, `unknown type "uint257"`, "the widths are the multiples of 8 from 8 to 256"},
		{"Transfer(int7 v)", 9, 4, `unknown type "int7"`, "the widths are the multiples of 8 from 8 to 256"},
		{"Transfer(bytes33 v)", 9, 7, `unknown type "bytes33"`, "the widths are 1 to 32"},
		{"Transfer(byte v)", 9, 4, `unknown type "byte"`, `write "bytes1"`},
		{"Transfer(uint08 v)", 9, 6, `unknown type "uint08"`, `did you mean uint8?`},
		{"Transfer(function f)", 9, 8, "function values have no Arrow type", ""},
		{"Transfer(uint a,)", 16, 1, `expected a type, found ")"`, ""},
		{"Transfer(uint a", 15, 0, `expected "," or ")", found the end of the signature`, ""},
		{"Transfer", 8, 0, `expected "(", found the end of the signature`, ""},
		{"", 0, 0, "expected a name, found the end of the signature", ""},
		{"(uint a)", 0, 1, `expected a name, found "("`, ""},
		{"T(uint a) x", 10, 1, `unexpected "x" after the signature`, ""},
		{"T(uint indexed indexed a)", 15, 7, "indexed is repeated", `remove one "indexed"`},
		{"T(uint indexed a,uint indexed b,uint indexed c,uint indexed d)", 47, 14, "more than three indexed parameters", ""},
		{"T(uint[0] a)", 7, 1, `expected an array length from 1 to 65536, found "0"`, ""},
		{"T(uint[ a)", 8, 1, `expected an array length from 1 to 65536, found "a"`, ""},
		{"T(uint é)", 7, 2, `expected "," or ")", found "é"`, ""},
	}
	for _, tt := range tests {
		_, err := ParseEvent(tt.sig)
		var fault *Error
		if !errors.As(err, &fault) {
			t.Errorf("%s: error %v", tt.sig, err)
			continue
		}
		if *fault != (Error{tt.offset, tt.length, tt.message, tt.help}) {
			t.Errorf("%s:\n got %+v\nwant %+v", tt.sig, *fault, Error{tt.offset, tt.length, tt.message, tt.help})
		}
	}
	_, err := ParseFunction("f(uint indexed a)")
	if err == nil || err.Error() != `only event parameters can be indexed (remove "indexed")` {
		t.Errorf("indexed input: %v", err)
	}
}

func TestTypes(t *testing.T) {
	tests := []struct{ text, canonical, arrow string }{
		{"uint", "uint256", "utf8"},
		{"int", "int256", "utf8"},
		{"int8", "int8", "int8"},
		{"uint8", "uint8", "uint8"},
		{"int16", "int16", "int16"},
		{"uint24", "uint24", "uint32"},
		{"int24", "int24", "int32"},
		{"int40", "int40", "int64"},
		{"uint64", "uint64", "uint64"},
		{"uint72", "uint72", "decimal(38, 0)"},
		{"int120", "int120", "decimal(38, 0)"},
		{"uint128", "uint128", "decimal256(76, 0)"},
		{"int248", "int248", "decimal256(76, 0)"},
		{"bytes4", "bytes4", "fixed_size_binary[4]"},
		{"bytes", "bytes", "binary"},
		{"string", "string", "utf8"},
		{"address[3][]", "address[3][]", "list<item: fixed_size_list<item: fixed_size_binary[20],>[3],>"},
		{"tuple(uint8 x, (bool,string)) []", "(uint8,(bool,string))[]", "list<item: struct<c0: uint8, c1: struct<c0: bool, c1: utf8>>,>"},
		{"()", "()", "struct<>"},
	}
	for _, tt := range tests {
		typ, err := ParseType(tt.text)
		if err != nil {
			t.Errorf("%s: %v", tt.text, err)
			continue
		}
		if got := typ.String(); got != tt.canonical {
			t.Errorf("%s: canonical %s, want %s", tt.text, got, tt.canonical)
		}
		if got := plain(typ.ArrowType()); got != tt.arrow {
			t.Errorf("%s: arrow %s, want %s", tt.text, got, tt.arrow)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"Transfer(address indexed from, address indexed to, uint256 value)", "event E() anonymous;", "f((uint8,bool[])[3] a) external returns (bool)",
		"uint8[2][]", "E(((((", "T(uint[99999999999999999999])", "é(", "T(Lib.Enum e)",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		check := func(err error) {
			var fault *Error
			if errors.As(err, &fault) && (fault.Offset < 0 || fault.Length < 0 || fault.Offset+fault.Length > len(s)) {
				t.Fatalf("fault outside the text: %+v", fault)
			}
		}
		if e, err := ParseEvent(s); err != nil {
			check(err)
		} else if again, err := ParseEvent(e.Signature()); err != nil || again.Topic0() != e.Topic0() {
			t.Fatalf("canonical form %s does not parse to itself: %v", e.Signature(), err)
		}
		if fn, err := ParseFunction(s); err != nil {
			check(err)
		} else if _, err := ParseFunction(fn.Signature()); err != nil {
			t.Fatalf("canonical form %s does not parse: %v", fn.Signature(), err)
		}
		if typ, err := ParseType(s); err != nil {
			check(err)
		} else if again, err := ParseType(typ.String()); err != nil || again.String() != typ.String() {
			t.Fatalf("canonical form %s does not parse to itself: %v", typ, err)
		}
	})
}
