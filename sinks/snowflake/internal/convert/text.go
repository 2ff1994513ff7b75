package convert

import (
	"math"
	"strconv"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
)

const (
	daySeconds = 24 * 60 * 60
	maxFloat   = math.MaxFloat64
	hexDigits  = "0123456789abcdef"
)

// AppendHex appends 0x and two digits per byte.
func AppendHex(dst, v []byte) []byte {
	dst = append(dst, '0', 'x')
	for _, b := range v {
		dst = append(dst, hexDigits[b>>4], hexDigits[b&15])
	}
	return dst
}

// AppendTimestamp appends the point in time v, counted in units from 1970, as 2006-01-02T15:04:05.999999999; zoned appends Z.
func AppendTimestamp(dst []byte, v int64, unit arrow.TimeUnit, zoned bool) []byte {
	dst = Time(v, unit).AppendFormat(dst, "2006-01-02T15:04:05.999999999")
	if zoned {
		dst = append(dst, 'Z')
	}
	return dst
}

// Time is the point in time v, counted in units from 1970, in UTC. Every 64-bit count has one.
func Time(v int64, unit arrow.TimeUnit) time.Time {
	switch unit {
	case arrow.Second:
		return time.Unix(v, 0).UTC()
	case arrow.Millisecond:
		return time.UnixMilli(v).UTC()
	case arrow.Microsecond:
		return time.UnixMicro(v).UTC()
	}
	return time.Unix(0, v).UTC()
}

// AppendDate appends the day v, counted from 1970-01-01, as 2006-01-02.
func AppendDate(dst []byte, v int64) []byte {
	return time.Unix(v*daySeconds, 0).UTC().AppendFormat(dst, time.DateOnly)
}

// AppendTime appends the time of day v, counted in units from midnight, as 15:04:05.999999999.
func AppendTime(dst []byte, v int64, unit arrow.TimeUnit) []byte {
	return Time(v, unit).AppendFormat(dst, "15:04:05.999999999")
}

// AppendFloat appends the shortest text that is v again; what is not a finite number is NaN, inf or -inf, which Snowflake reads.
func AppendFloat(dst []byte, v float64) []byte {
	switch {
	case v > maxFloat:
		return append(dst, "inf"...)
	case v < -maxFloat:
		return append(dst, "-inf"...)
	}
	return strconv.AppendFloat(dst, v, 'g', -1, 64)
}
