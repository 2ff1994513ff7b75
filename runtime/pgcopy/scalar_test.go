package pgcopy

import (
	"encoding/json"
	"math"
	"math/big"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/decimal256"
	"github.com/jackc/pgx/v5/pgtype"
)

var types = pgtype.NewMap()

// scan decodes one field with pgx's decoder, which is independent of this package.
func scan[T any](t testing.TB, oid uint32, field []byte) T {
	t.Helper()
	var v T
	if len(field) < 4 {
		t.Fatalf("field %x has no length", field)
	}
	n := int(int32(uint32(field[0])<<24 | uint32(field[1])<<16 | uint32(field[2])<<8 | uint32(field[3])))
	if n != len(field)-4 {
		t.Fatalf("field %x says %d bytes and has %d", field, n, len(field)-4)
	}
	if err := types.Scan(oid, pgtype.BinaryFormatCode, field[4:], &v); err != nil {
		t.Fatalf("scan %x: %v", field, err)
	}
	return v
}

func numericText(t testing.TB, field []byte) string {
	t.Helper()
	v, err := scan[pgtype.Numeric](t, pgtype.NumericOID, field).Value()
	if err != nil {
		t.Fatal(err)
	}
	return v.(string)
}

func rational(t testing.TB, field []byte) *big.Rat {
	t.Helper()
	n := scan[pgtype.Numeric](t, pgtype.NumericOID, field)
	return scaled(n.Int, -n.Exp)
}

// scaled is v / 10^scale.
func scaled(v *big.Int, scale int32) *big.Rat {
	ten := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(scale, -scale))), nil)
	if scale < 0 {
		return new(big.Rat).SetInt(ten.Mul(ten, v))
	}
	return new(big.Rat).SetFrac(v, ten)
}

func TestNumericBytes(t *testing.T) {
	for _, c := range []struct {
		name string
		got  []byte
		want string
	}{
		{"zero", AppendUint64(nil, 0), "\x00\x00\x00\x08" + "\x00\x00\x00\x00\x00\x00\x00\x00"},
		{"trailing zero groups are left out", AppendUint64(nil, 1_0000_0000), "\x00\x00\x00\x0a" + "\x00\x01\x00\x02\x00\x00\x00\x00" + "\x00\x01"},
		{"groups are aligned to the point", AppendDecimal128(nil, decimal128.FromI64(-1_23456), 5),
			"\x00\x00\x00\x0e" + "\x00\x03\x00\x00\x40\x00\x00\x05" + "\x00\x01\x09\x29\x17\x70"}, // 1, 2345, 6000
		{"below one", AppendDecimal128(nil, decimal128.FromI64(7), 18),
			"\x00\x00\x00\x0a" + "\x00\x01\xff\xfb\x00\x00\x00\x12" + "\x02\xbc"}, // 0700 * 10000^-5
		{"negative scale", AppendDecimal128(nil, decimal128.FromI64(12), -3),
			"\x00\x00\x00\x0c" + "\x00\x02\x00\x01\x00\x00\x00\x00" + "\x00\x01\x07\xd0"}, // 1, 2000
	} {
		if string(c.got) != c.want {
			t.Errorf("%s: %x, want %x", c.name, c.got, c.want)
		}
	}
}

func TestUint64AtItsBounds(t *testing.T) {
	for v, want := range map[uint64]string{0: "0", 9999: "9999", 10000: "10000", math.MaxInt64: "9223372036854775807", math.MaxUint64: "18446744073709551615"} {
		if got := numericText(t, AppendUint64(nil, v)); got != want {
			t.Errorf("%d came back as %s", v, got)
		}
	}
}

func TestDecimalText(t *testing.T) {
	for _, v := range []string{
		"0", "1", "-1", "9999", "10000", "-10000", "100000000",
		"115792089237316195423570985008687907853269984665640564039457584007913129639935",
		"-57896044618658097711785492504343953926634992332820282019728792003956564819968",
	} {
		field, err := AppendDecimalText(nil, v)
		if err != nil {
			t.Errorf("%s: %v", v, err)
			continue
		}
		want, _ := new(big.Rat).SetString(v)
		if got := rational(t, field); got.Cmp(want) != 0 {
			t.Errorf("%s came back as %s", v, got.RatString())
		}
	}
	if field, err := AppendDecimalText(nil, "-000"); err != nil || numericText(t, field) != "0" {
		t.Errorf("-000 gave %x, %v", field, err)
	}
	for _, v := range []string{"", "-", "+1", "1.5", "1e3", " 1", "0x1", "--1", "1-", "١", "1\x00", strings.Repeat("9", 79)} {
		if field, err := AppendDecimalText([]byte("kept"), v); err == nil || string(field) != "kept" {
			t.Errorf("%q gave %x, %v; want an error and nothing appended", v, field, err)
		}
	}
}

func TestTimes(t *testing.T) {
	at := time.Date(2023, 11, 14, 22, 13, 20, 123456000, time.UTC)
	for _, c := range []struct {
		v    int64
		unit arrow.TimeUnit
		want time.Time
	}{
		{at.Unix(), arrow.Second, at.Truncate(time.Second)},
		{at.UnixMilli(), arrow.Millisecond, at.Truncate(time.Millisecond)},
		{at.UnixMicro(), arrow.Microsecond, at},
		{at.UnixNano(), arrow.Nanosecond, at},
		{0, arrow.Second, time.Unix(0, 0).UTC()},
		{-1, arrow.Microsecond, time.Unix(0, -1000).UTC()},
		{math.MaxInt64, arrow.Microsecond, time.UnixMicro(math.MaxInt64).UTC()},
	} {
		field, err := AppendTimestamp(nil, c.v, c.unit)
		if err != nil {
			t.Errorf("%d%s: %v", c.v, c.unit, err)
			continue
		}
		if got := scan[time.Time](t, pgtype.TimestampOID, field); !got.Equal(c.want) {
			t.Errorf("%d%s came back as %s, want %s", c.v, c.unit, got, c.want)
		}
	}
	for what, err := range map[string]error{
		"timestamp with nanoseconds":   second(AppendTimestamp(nil, 1, arrow.Nanosecond)),
		"timestamp before 4713 BC":     second(AppendTimestamp(nil, -210866803200-1, arrow.Second)),
		"smallest timestamp":           second(AppendTimestamp(nil, math.MinInt64, arrow.Microsecond)),
		"largest timestamp in seconds": second(AppendTimestamp(nil, math.MaxInt64, arrow.Second)),
		"date before 4713 BC":          second(AppendDate32(nil, math.MinInt32)),
		"date after 5874897":           second(AppendDate32(nil, math.MaxInt32)),
		"date with a time":             second(AppendDate64(nil, 1)),
		"time below zero":              second(AppendTime(nil, -1, arrow.Second)),
		"time after midnight":          second(AppendTime(nil, 86400_000001, arrow.Microsecond)),
		"time that overflows":          second(AppendTime(nil, math.MaxInt64, arrow.Second)),
		"time with nanoseconds":        second(AppendTime(nil, 1, arrow.Nanosecond)),
		"duration with nanoseconds":    second(AppendDuration(nil, 1500, arrow.Nanosecond)),
		"duration that overflows":      second(AppendDuration(nil, math.MaxInt64, arrow.Millisecond)),
		"interval with nanoseconds":    second(AppendInterval(nil, 0, 0, 1)),
	} {
		if err == nil {
			t.Errorf("%s: no error", what)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestTextWithNULIsRefused(t *testing.T) {
	if got, err := AppendText([]byte("kept"), "a\x00b"); err == nil || string(got) != "kept" {
		t.Errorf("got %q, %v", got, err)
	}
	if got, err := AppendText(nil, "é"); err != nil || string(got) != "\x00\x00\x00\x02é" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestAppendDoesNotAllocate(t *testing.T) {
	dst := make([]byte, 0, 4096)
	blob := make([]byte, 20)
	small, large := decimal128.New(1<<40, 99), decimal256.New(1<<40, 1, 2, 3)
	uint256 := "115792089237316195423570985008687907853269984665640564039457584007913129639935"
	allocs := testing.AllocsPerRun(100, func() {
		b := AppendTuple(dst, 12)
		b = AppendNull(b)
		b = AppendBool(b, true)
		b = AppendInt16(b, 1)
		b = AppendInt32(b, 1)
		b = AppendInt64(b, 1)
		b = AppendUint64(b, math.MaxUint64)
		b = AppendFloat64(b, 0.5)
		b = AppendBytes(b, blob)
		b = AppendDecimal128(b, small, 18)
		b = AppendDecimal256(b, large, 18)
		b, _ = AppendText(b, "text")
		b, _ = AppendDecimalText(b, uint256)
		b, _ = AppendTimestamp(b, 1700000000_000000000, arrow.Nanosecond)
		b, _ = AppendDate32(b, 1)
		_, _ = AppendTime(b, 1, arrow.Second)
	})
	if allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}

func FuzzDecimal256(f *testing.F) {
	f.Add(uint64(0), uint64(0), uint64(0), uint64(0), int8(0))
	f.Add(uint64(math.MaxUint64), uint64(math.MaxUint64), uint64(math.MaxUint64), uint64(math.MaxUint64>>1), int8(76))
	f.Add(uint64(0), uint64(0), uint64(0), uint64(1<<63), int8(-3))
	f.Add(uint64(123456), uint64(0), uint64(0), uint64(0), int8(5))
	f.Fuzz(func(t *testing.T, a, b, c, d uint64, scale int8) {
		v := decimal256.New(d, c, b, a)
		if got, want := rational(t, AppendDecimal256(nil, v, int32(scale))), scaled(v.BigInt(), int32(scale)); got.Cmp(want) != 0 {
			t.Errorf("%s / 10^%d came back as %s", v.BigInt(), scale, got)
		}
		w := decimal128.New(int64(b), a)
		if got, want := rational(t, AppendDecimal128(nil, w, int32(scale))), scaled(w.BigInt(), int32(scale)); got.Cmp(want) != 0 {
			t.Errorf("%s / 10^%d came back as %s", w.BigInt(), scale, got)
		}
		if got, want := rational(t, AppendUint64(nil, a)), new(big.Rat).SetUint64(a); got.Cmp(want) != 0 {
			t.Errorf("%d came back as %s", a, got)
		}
		var text string
		if err := json.Unmarshal(appendJSONDecimal(nil, v, int(scale)), &text); err != nil {
			t.Fatal(err)
		}
		if got, ok := new(big.Rat).SetString(text); !ok || got.Cmp(scaled(v.BigInt(), int32(scale))) != 0 {
			t.Errorf("%s / 10^%d is %q in JSON", v.BigInt(), scale, text)
		}
	})
}

func FuzzDecimalText(f *testing.F) {
	for _, v := range []string{"0", "-1", "00012", "10000", "99999999999999999999", "1.5", "-"} {
		f.Add(v)
	}
	f.Fuzz(func(t *testing.T, v string) {
		field, err := AppendDecimalText(nil, v)
		if err != nil {
			return
		}
		want, ok := new(big.Int).SetString(v, 10)
		if !ok || rational(t, field).Cmp(new(big.Rat).SetInt(want)) != 0 {
			t.Errorf("%q came back as %s", v, rational(t, field))
		}
	})
}

func FuzzTimestamp(f *testing.F) {
	f.Add(int64(0), uint8(0))
	f.Add(int64(math.MinInt64), uint8(2))
	f.Add(int64(math.MaxInt64), uint8(3))
	f.Fuzz(func(t *testing.T, v int64, unit uint8) {
		u := arrow.TimeUnit(unit % 4)
		field, err := AppendTimestamp(nil, v, u)
		if err != nil {
			return
		}
		secs, nanos := split(v, u)
		if got, want := scan[time.Time](t, pgtype.TimestampOID, field), time.Unix(secs, nanos).UTC(); !got.Equal(want) {
			t.Errorf("%d%s came back as %s, want %s", v, u, got, want)
		}
	})
}

func FuzzJSONString(f *testing.F) {
	for _, v := range []string{"", `"`, `\`, "\n\u0001", "🦄", "a\x00"} {
		f.Add(v)
	}
	f.Fuzz(func(t *testing.T, v string) {
		text, err := appendJSONString(nil, v)
		if strings.Contains(v, "\x00") != (err != nil) {
			t.Fatalf("%q: %v", v, err)
		}
		var back string
		if err != nil || !utf8.ValidString(v) {
			return
		}
		if err := json.Unmarshal(text, &back); err != nil || back != v {
			t.Errorf("%q became %s, which reads as %q, %v", v, text, back, err)
		}
	})
}
