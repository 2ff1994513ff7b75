package label

import (
	"strconv"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
)

// kind is what a cell looks like. A cell has exactly one, so that a column whose cells differ in kind is text.
type kind int

const (
	none kind = iota // no cell seen
	text
	boolean
	number      // in canonical decimal notation: no plus, no leading zeros, no exponent
	hexadecimal // 0x and an even, positive number of digits
	moment      // RFC 3339
)

// shape is what the cells of a column have in common.
type shape struct {
	kind              kind
	integer, fraction int // number: the most digits before and after the point
	negative          bool
	int64, uint64     bool // number: all cells fit
	width             int  // hexadecimal: bytes
}

func shapeOf(cell string) shape {
	switch {
	case strings.EqualFold(cell, "true"), strings.EqualFold(cell, "false"):
		return shape{kind: boolean}
	case strings.HasPrefix(cell, "0x"):
		if n := len(cell) - 2; n > 0 && n%2 == 0 && isHex(cell[2:]) {
			return shape{kind: hexadecimal, width: n / 2}
		}
		return shape{kind: text}
	}
	if integer, fraction, ok := splitNumber(cell); ok {
		_, errInt := strconv.ParseInt(cell, 10, 64)
		_, errUint := strconv.ParseUint(cell, 10, 64)
		return shape{kind: number, integer: integer, fraction: fraction, negative: cell[0] == '-', int64: errInt == nil, uint64: errUint == nil}
	}
	if _, ok := parseTime(cell); ok {
		return shape{kind: moment}
	}
	return shape{kind: text}
}

// splitNumber counts the digits of a number in canonical notation: whatever prints differently when read as a number, such as
// 00, +1, -0 or 1e3, is not one.
func splitNumber(cell string) (integer, fraction int, ok bool) {
	whole, frac, point := strings.Cut(strings.TrimPrefix(cell, "-"), ".")
	if !isDigits(whole) || point && !isDigits(frac) || len(whole) > 1 && whole[0] == '0' {
		return 0, 0, false
	}
	if cell[0] == '-' && strings.Trim(whole+frac, "0") == "" {
		return 0, 0, false
	}
	return len(whole), len(frac), true
}

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

func isHex(s string) bool {
	for i := range len(s) {
		if c := s[i] | 0x20; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// parseTime reads RFC 3339 with at most microseconds, which every sink keeps.
func parseTime(cell string) (t time.Time, ok bool) {
	if len(cell) < len("2006-01-02T15:04:05Z") || cell[4] != '-' {
		return t, false
	}
	if err := t.UnmarshalText([]byte(cell)); err != nil {
		return t, false
	}
	return t, t.Nanosecond()%1000 == 0
}

// with is what the cells of s and o have in common.
func (s shape) with(o shape) shape {
	if s.kind == none {
		return o
	}
	if s.kind != o.kind || s.kind == hexadecimal && s.width != o.width {
		return shape{kind: text}
	}
	s.integer, s.fraction = max(s.integer, o.integer), max(s.fraction, o.fraction)
	s.negative, s.int64, s.uint64 = s.negative || o.negative, s.int64 && o.int64, s.uint64 && o.uint64
	return s
}

// dataType is the type of a column of cells of shape s. Decimals get the precision of their width, not of today's cells, so
// that tomorrow's file with a longer number still fits.
func (s shape) dataType() arrow.DataType {
	switch s.kind {
	case boolean:
		return arrow.FixedWidthTypes.Boolean
	case hexadecimal:
		return &arrow.FixedSizeBinaryType{ByteWidth: s.width}
	case moment:
		return arrow.FixedWidthTypes.Timestamp_us
	case number:
		switch {
		case s.int64:
			return arrow.PrimitiveTypes.Int64
		case s.uint64:
			return arrow.PrimitiveTypes.Uint64
		case s.integer+s.fraction <= 38:
			return &arrow.Decimal128Type{Precision: 38, Scale: int32(s.fraction)}
		case s.integer+s.fraction <= 76:
			return &arrow.Decimal256Type{Precision: 76, Scale: int32(s.fraction)}
		}
	}
	return arrow.BinaryTypes.String
}

// columnReader collects what the cells of a column are.
type columnReader struct {
	override arrow.DataType // nil: infer
	shape    shape
	empty    bool // an empty cell was seen
}

// add takes a cell in. It fails if the cell does not fit the override.
func (c *columnReader) add(cell string) error {
	switch {
	case cell == "":
		c.empty = true
	case c.override != nil:
		if supported(c.override) {
			return fits(cell, c.override)
		}
	case c.shape.kind != text:
		c.shape = c.shape.with(shapeOf(cell))
	}
	return nil
}

func (c *columnReader) result() (t arrow.DataType, nullable bool) {
	if t = c.override; t == nil {
		t = c.shape.dataType()
	}
	return t, c.empty && t.ID() != arrow.STRING
}
