package coerce

import (
	"errors"
	"strings"
	"testing"
)

func TestParseTypeReadsWhatFormatWrites(t *testing.T) {
	for _, text := range []string{
		"Null", "Boolean", "Int8", "UInt64", "Float16", "Utf8", "LargeUtf8", "Utf8View", "Binary", "LargeBinary", "BinaryView",
		"Date32", "Date64", "Timestamp(ns)", `Timestamp(µs, "UTC")`, `Timestamp(ms, "+00:00")`, "Time32(s)", "Time64(ns)",
		"Duration(ms)", "Interval(YearMonth)", "Interval(DayTime)", "Interval(MonthDayNano)", "FixedSizeBinary(20)",
		"Decimal32(9, 2)", "Decimal64(18, 0)", "Decimal128(38, -10)", "Decimal256(76, 76)",
		"List(Int64)", "List(non-null Int64)", "LargeList(Utf8, field: 'element')", "ListView(Int8)", "LargeListView(Int8)",
		"FixedSizeList(3 x non-null Int64)", `Struct("a": Int64, "b \"q\"": non-null Utf8)`, "Struct()",
		`Map("entries": non-null Struct("key": non-null Utf8, "value": Int64), unsorted)`,
		"Dictionary(Int32, Utf8)", `Union(Sparse, 0: ("a": Int64), 5: ("b": Utf8))`,
		`RunEndEncoded("run_ends": non-null Int32, "values": Utf8)`,
	} {
		dt, err := ParseType(text)
		if err != nil {
			t.Errorf("ParseType(%s): %v", text, err)
		} else if got := Format(dt); got != text {
			t.Errorf("ParseType(%s) = %s", text, got)
		}
	}
}

func TestParseTypeSpellings(t *testing.T) {
	for text, want := range map[string]string{
		` Timestamp ( Nanosecond , None ) `:   "Timestamp(ns)",
		`Timestamp(us, Some("UTC"))`:          `Timestamp(µs, "UTC")`,
		"FixedSizeList(2, Int64)":             "FixedSizeList(2 x Int64)",
		"List(nullable Int64, field: 'item')": "List(Int64)",
		"Decimal128(38,10)":                   "Decimal128(38, 10)",
	} {
		dt, err := ParseType(text)
		if err != nil {
			t.Errorf("ParseType(%s): %v", text, err)
		} else if got := Format(dt); got != want {
			t.Errorf("ParseType(%s) = %s, want %s", text, got, want)
		}
	}
}

func TestParseTypeFaults(t *testing.T) {
	for _, tt := range []struct {
		text           string
		offset, length int
		message        string
	}{
		{"", 0, 0, "expected an Arrow type such as Int64 or Timestamp(ns)"},
		{"int64", 0, 5, `unknown Arrow type "int64"; types are written as in arrow_typeof, letter case included`},
		{"Int64 x", 6, 1, "unexpected text after the type"},
		{"Timestamp(min)", 10, 3, `unknown time unit "min"; the units are s, ms, us and ns`},
		{"Timestamp(ns", 12, 0, `expected ")", found the end of the text`},
		{"Time32(ns)", 7, 2, "Time32 counts s or ms; use Time64(ns)"},
		{"Decimal128(39, 0)", 11, 2, "precision of Decimal128 must be a whole number between 1 and 38"},
		{"FixedSizeBinary(x)", 16, 1, "byte width must be a whole number between 0 and 2147483647"},
		{`Timestamp(ns, "UTC)`, 14, 5, "the string is not closed"},
		{"Dictionary(Utf8, Utf8)", 11, 4, "a dictionary's index type is an integer, not Utf8"},
		{strings.Repeat("List(", 60), 255, 0, "type is nested more than 50 levels deep"},
	} {
		_, err := ParseType(tt.text)
		var fault *ParseError
		if !errors.As(err, &fault) {
			t.Errorf("ParseType(%s): got %v, want a *ParseError", tt.text, err)
		} else if fault.Offset != tt.offset || fault.Length != tt.length || fault.Message != tt.message {
			t.Errorf("ParseType(%s) at %d+%d: %s", tt.text, fault.Offset, fault.Length, fault.Message)
		}
	}
}

func FuzzParseType(f *testing.F) {
	f.Add(`Struct("a": non-null List(Timestamp(ns, "UTC"), field: 'x'), "b": Map("entries": Struct("k": Utf8, "v": Int8), sorted))`)
	f.Add(`Union(Dense, 0: ("a": Decimal256(76, -3)))`)
	f.Add(`RunEndEncoded("r": Int32, "v": FixedSizeList(2 x Time64(us)))`)
	f.Fuzz(func(t *testing.T, text string) {
		dt, err := ParseType(text)
		if err != nil {
			return
		}
		again, err := ParseType(Format(dt))
		if err != nil {
			t.Fatalf("cannot read back %s: %v", Format(dt), err)
		}
		if !Equal(dt, again) {
			t.Fatalf("%s came back as %s", Format(dt), Format(again))
		}
	})
}
