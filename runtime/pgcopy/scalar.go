package pgcopy

import (
	"encoding/binary"
	"errors"
	"math"
	"strings"
)

// errNUL is shared by text and JSON: neither type of PostgreSQL can hold the byte.
var errNUL = errors.New("the text has a NUL byte, which PostgreSQL's text cannot hold; select it as binary instead: cast it with arrow_cast(…, 'Binary')")

// AppendBool appends a boolean.
func AppendBool(dst []byte, v bool) []byte {
	if v {
		return append(dst, 0, 0, 0, 1, 1)
	}
	return append(dst, 0, 0, 0, 1, 0)
}

// AppendInt16 appends a smallint.
func AppendInt16(dst []byte, v int16) []byte {
	return append(dst, 0, 0, 0, 2, byte(v>>8), byte(v))
}

// AppendInt32 appends an integer.
func AppendInt32(dst []byte, v int32) []byte {
	return append(dst, 0, 0, 0, 4, byte(v>>24), byte(v>>16), byte(v>>8), byte(v))
}

// AppendInt64 appends a bigint.
func AppendInt64(dst []byte, v int64) []byte {
	return binary.BigEndian.AppendUint64(append(dst, 0, 0, 0, 8), uint64(v))
}

// AppendFloat32 appends a real.
func AppendFloat32(dst []byte, v float32) []byte { return AppendInt32(dst, int32(math.Float32bits(v))) }

// AppendFloat64 appends a double precision.
func AppendFloat64(dst []byte, v float64) []byte { return AppendInt64(dst, int64(math.Float64bits(v))) }

// AppendText appends a text. It must be UTF-8, as Arrow's text is, and is refused if it has a NUL byte.
func AppendText(dst []byte, v string) ([]byte, error) {
	if strings.IndexByte(v, 0) >= 0 {
		return dst, errNUL
	}
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(v)))
	return append(dst, v...), nil
}

// AppendBytes appends a bytea.
func AppendBytes(dst, v []byte) []byte {
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(v)))
	return append(dst, v...)
}
