package pgcopy

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
)

// PostgreSQL counts microseconds and days from 2000-01-01, Arrow from 1970-01-01.
const (
	epochDays    = 10957
	epochSeconds = epochDays * 86400
	epochMicros  = epochSeconds * 1_000_000

	// The bounds of PostgreSQL's own types, outside of which are the values that mean infinity. Both begin in 4713 BC; dates end
	// with 5874897. For timestamps Arrow's 64-bit microseconds end first, in 294247.
	minTimestamp = -211813488000000000
	minDate      = -2451545
	endDate      = 2145031949

	dayMicros = 86400 * 1_000_000
	dayMillis = 86400 * 1000
)

var (
	errSubMicro = errors.New("the value has nanoseconds, and PostgreSQL keeps microseconds; cut them in the query with date_trunc('microsecond', …), or keep them with arrow_cast(…, 'Int64')")
	errTimeSpan = errors.New("the time is not between 00:00 and 24:00")
	errPartDay  = errors.New("the date has a time of day, and PostgreSQL's date has none; cast it to a timestamp with arrow_cast(…, 'Timestamp(Millisecond, None)')")
	errInterval = errors.New("the duration is longer than PostgreSQL's interval can hold")
)

// AppendTimestamp appends a timestamp or timestamptz of v units since 1970-01-01. Nanoseconds must be whole microseconds.
func AppendTimestamp(dst []byte, v int64, unit arrow.TimeUnit) ([]byte, error) {
	micros, err := toMicros(v, unit)
	if err != nil {
		if errors.Is(err, errInterval) {
			err = errTimestamp(v, unit)
		}
		return dst, err
	}
	if micros < minTimestamp+epochMicros {
		return dst, errTimestamp(v, unit)
	}
	return AppendInt64(dst, micros-epochMicros), nil
}

func errTimestamp(v int64, unit arrow.TimeUnit) error {
	return fmt.Errorf("the timestamp %d%s since 1970 lies outside of PostgreSQL's years 4713 BC to 294247", v, unit)
}

// AppendDate32 appends a date of v days since 1970-01-01.
func AppendDate32(dst []byte, v int32) ([]byte, error) { return appendDays(dst, int64(v)) }

// AppendDate64 appends a date of v milliseconds since 1970-01-01, which must be whole days.
func AppendDate64(dst []byte, v int64) ([]byte, error) {
	if v%dayMillis != 0 {
		return dst, errPartDay
	}
	return appendDays(dst, v/dayMillis)
}

func appendDays(dst []byte, days int64) ([]byte, error) {
	if days -= epochDays; days < minDate || days >= endDate {
		return dst, fmt.Errorf("the date %d days from 2000-01-01 lies outside of PostgreSQL's years 4713 BC to 5874897", days)
	}
	return AppendInt32(dst, int32(days)), nil
}

// AppendTime appends a time of day of v units since midnight. Nanoseconds must be whole microseconds.
func AppendTime(dst []byte, v int64, unit arrow.TimeUnit) ([]byte, error) {
	micros, err := toMicros(v, unit)
	if errors.Is(err, errInterval) || err == nil && (micros < 0 || micros > dayMicros) {
		err = errTimeSpan
	}
	if err != nil {
		return dst, err
	}
	return AppendInt64(dst, micros), nil
}

// AppendDuration appends an interval of v units. Nanoseconds must be whole microseconds.
func AppendDuration(dst []byte, v int64, unit arrow.TimeUnit) ([]byte, error) {
	micros, err := toMicros(v, unit)
	if err != nil {
		return dst, err
	}
	return appendInterval(dst, 0, 0, micros), nil
}

// AppendInterval appends an interval of months, days and nanoseconds, which must be whole microseconds.
func AppendInterval(dst []byte, months, days int32, nanos int64) ([]byte, error) {
	micros, err := toMicros(nanos, arrow.Nanosecond)
	if err != nil {
		return dst, err
	}
	return appendInterval(dst, months, days, micros), nil
}

func appendInterval(dst []byte, months, days int32, micros int64) []byte {
	dst = append(dst, 0, 0, 0, 16)
	dst = binary.BigEndian.AppendUint64(dst, uint64(micros))
	dst = binary.BigEndian.AppendUint32(dst, uint32(days))
	return binary.BigEndian.AppendUint32(dst, uint32(months))
}

// toMicros converts without loss: its errors are errSubMicro, and errInterval for a value that overflows.
func toMicros(v int64, unit arrow.TimeUnit) (int64, error) {
	factor := int64(1)
	switch unit {
	case arrow.Nanosecond:
		if v%1000 != 0 {
			return 0, errSubMicro
		}
		return v / 1000, nil
	case arrow.Millisecond:
		factor = 1000
	case arrow.Second:
		factor = 1_000_000
	}
	if micros := v * factor; micros/factor == v {
		return micros, nil
	}
	return 0, errInterval
}
