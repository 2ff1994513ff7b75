package randbatch

import (
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

const (
	daySeconds = 86400
	// The whole days that 64-bit nanoseconds around 1970 can hold: from 1677-09-22 to 2262-04-11.
	leastDay, greatestDay = -106751, 106750
	// Chain data begins in 2015 and has whole seconds.
	genesis, chainSeconds = 1_438_269_988, 350_000_000
)

// appendTime appends a point in time, a date, a time of day or a span.
func (g generator) appendTime(b array.Builder, e edge) bool {
	switch b := b.(type) {
	case *array.TimestampBuilder:
		b.Append(arrow.Timestamp(g.instant(b.Type().(*arrow.TimestampType).Unit, e)))
	case *array.Date32Builder:
		b.Append(arrow.Date32(g.day(e)))
	case *array.Date64Builder:
		b.Append(arrow.Date64(g.day(e) * daySeconds * 1000))
	case *array.Time32Builder:
		b.Append(arrow.Time32(g.timeOfDay(b.Type().(*arrow.Time32Type).Unit, e)))
	case *array.Time64Builder:
		b.Append(arrow.Time64(g.timeOfDay(b.Type().(*arrow.Time64Type).Unit, e)))
	case *array.DurationBuilder:
		b.Append(arrow.Duration(g.instant(b.Type().(*arrow.DurationType).Unit, e)))
	case *array.MonthIntervalBuilder:
		b.Append(arrow.MonthInterval(pick(e, -1200, 1200, func() int32 { return g.Int32N(24) })))
	case *array.DayTimeIntervalBuilder:
		b.Append(arrow.DayTimeInterval{
			Days:         pick(e, -1000, 1000, func() int32 { return g.Int32N(31) }),
			Milliseconds: pick(e, -86_399_999, 86_399_999, func() int32 { return g.Int32N(daySeconds * 1000) }),
		})
	case *array.MonthDayNanoIntervalBuilder:
		b.Append(arrow.MonthDayNanoInterval{
			Months:      pick(e, -1200, 1200, func() int32 { return g.Int32N(24) }),
			Days:        pick(e, -1000, 1000, func() int32 { return g.Int32N(31) }),
			Nanoseconds: pick(e, -86_399_999_999_000, 86_399_999_999_000, func() int64 { return g.Int64N(daySeconds) * 1e9 }),
		})
	default:
		return false
	}
	return true
}

// perSecond is how many units a second has, and granule the least step of whole microseconds among them.
func perSecond(u arrow.TimeUnit) (units, granule int64) {
	switch u {
	case arrow.Nanosecond:
		return 1e9, 1000
	case arrow.Microsecond:
		return 1e6, 1
	case arrow.Millisecond:
		return 1000, 1
	}
	return 1, 1
}

// instant counts units from 1970.
func (g generator) instant(u arrow.TimeUnit, e edge) int64 {
	units, granule := perSecond(u)
	return pick(e, leastDay*daySeconds*units, (greatestDay+1)*daySeconds*units-granule, func() int64 {
		return (genesis + g.Int64N(chainSeconds)) * units
	})
}

func (g generator) day(e edge) int64 {
	return pick(e, leastDay, greatestDay, func() int64 { return (genesis + g.Int64N(chainSeconds)) / daySeconds })
}

// timeOfDay counts units from midnight.
func (g generator) timeOfDay(u arrow.TimeUnit, e edge) int64 {
	units, granule := perSecond(u)
	return pick(e, 0, daySeconds*units-granule, func() int64 { return g.Int64N(daySeconds*units/granule) * granule })
}
