package functions

import (
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ampgen/ampgen/ampgen/internal/coerce"
)

// timeFunctions are the functions of dates, times and instants. The session of an Amp server has no time zone, so
// instants that they create have none.
var timeFunctions = []*Function{
	{Name: "current_date", Aliases: []string{"today"}, Volatility: Stable, sig: nullary{}, returns: fixed("Date32")},
	{Name: "current_time", Volatility: Stable, sig: nullary{}, returns: fixed("Time64(ns)")},
	{Name: "now", Aliases: []string{"current_timestamp"}, Volatility: Stable, sig: nullary{}, returns: fixed("Timestamp(ns)"), nullable: never},
	{Name: "date_bin", sig: dateBin(), returns: same(1), literals: constants(0, 2)},
	{Name: "date_part", Aliases: []string{"datepart"}, returns: datePart, literals: map[int]literalRule{0: text}, sig: oneOf{
		coercible{want(texts), wantOr(timestamps, one("Timestamp(ns)"), texts)},
		params(texts, dates), params(texts, times), params(texts, intervals), params(texts, durations)}},
	{Name: "date_trunc", Aliases: []string{"datetrunc"}, sig: dateTrunc(), returns: same(1), literals: map[int]literalRule{0: constantText}},
	{Name: "from_unixtime", returns: fromUnixtime, literals: map[int]literalRule{1: text},
		sig: oneOf{exactly("Int64", "Utf8"), exactly("Int64")}},
	{Name: "make_date", sig: coercible{calendarPart, calendarPart, calendarPart}, returns: fixed("Date32")},
	{Name: "make_time", sig: coercible{calendarPart, calendarPart, calendarPart}, returns: fixed("Time32(s)")},
	{Name: "to_char", Aliases: []string{"date_format"}, sig: toChar(), returns: fixed("Utf8")},
	{Name: "to_date", sig: converting(func(dt arrow.DataType) bool {
		return coerce.IsNumeric(dt) || coerce.IsDate(dt)
	}), returns: fixed("Date32")},
	{Name: "to_time", literals: map[int]literalRule{1: formatOfText}, sig: converting(func(arrow.DataType) bool { return false }), returns: fixed("Time64(ns)")},
	{Name: "to_unixtime", sig: custom{1, -1, func(args []arrow.DataType) ([]arrow.DataType, bool) {
		dt := args[0]
		known := coerce.IsInteger(dt) || coerce.IsFloat(dt) || coerce.IsDate(dt) || coerce.IsTimestamp(dt) || coerce.IsNull(dt)
		return args, areTexts(args) || known && len(args) == 1
	}}, returns: fixed("Int64")},
	{Name: "to_local_time", sig: params(timestamps), returns: of(func(dt arrow.DataType) arrow.DataType {
		if t, ok := dt.(*arrow.TimestampType); ok {
			return coerce.Timestamp(t.Unit, "")
		}
		return coerce.Timestamp(arrow.Nanosecond, "")
	})},
	{Name: "to_timestamp", sig: converting(func(dt arrow.DataType) bool {
		return wholeSeconds(dt) || dt.ID() == arrow.FLOAT64
	}), returns: fixed("Timestamp(ns)")},
	{Name: "to_timestamp_seconds", sig: converting(func(dt arrow.DataType) bool {
		return wholeSeconds(dt) || dt.ID() == arrow.DECIMAL128
	}), returns: fixed("Timestamp(s)")},
	{Name: "to_timestamp_millis", sig: converting(wholeSeconds), returns: fixed("Timestamp(ms)")},
	{Name: "to_timestamp_micros", sig: converting(wholeSeconds), returns: fixed("Timestamp(us)")},
	{Name: "to_timestamp_nanos", sig: converting(wholeSeconds), returns: fixed("Timestamp(ns)")},
}

// converting is the signature of a function that reads texts, instants, and the other types that accept names, by
// formats. DataFusion announces a result for every type of argument and refuses it when the query runs.
func converting(accept func(dt arrow.DataType) bool) custom {
	return custom{1, -1, func(args []arrow.DataType) ([]arrow.DataType, bool) {
		dt := args[0]
		ok := coerce.IsString(dt) || coerce.IsTimestamp(dt) || coerce.IsNull(dt) || accept(dt)
		return args, ok && areTexts(args[1:])
	}}
}

// wholeSeconds are the integers that count seconds, or a fraction of them, since 1970.
func wholeSeconds(dt arrow.DataType) bool { return dt.ID() == arrow.INT32 || dt.ID() == arrow.INT64 }

func areTexts(types []arrow.DataType) bool {
	for _, dt := range types {
		if !coerce.IsString(dt) {
			return false
		}
	}
	return true
}

// formatOfText requires a constant format where a text is read by it.
func formatOfText(c *call, i int) error {
	if coerce.IsString(c.args[0].Type) {
		return constant(c, i)
	}
	return nil
}

// calendarPart is a year, month, day, hour, minute or second.
var calendarPart = want(one("Int32"), integers, texts)

// dateBin lists a stride, an instant or time of day, and an optional origin, in DataFusion's order of preference.
func dateBin() oneOf {
	var s oneOf
	for _, zone := range []string{"", anyZone} {
		for _, unit := range []arrow.TimeUnit{arrow.Nanosecond, arrow.Microsecond, arrow.Millisecond, arrow.Second} {
			source, origin := coerce.Timestamp(unit, zone), coerce.Timestamp(arrow.Nanosecond, zone)
			s = append(s, binned(source, origin)...)
		}
	}
	for _, text := range []string{"Time64(ns)", "Time64(us)", "Time32(ms)", "Time32(s)"} {
		s = append(s, binned(typeOf(text), typeOf(text))...)
	}
	return s
}

func binned(source, origin arrow.DataType) oneOf {
	var s oneOf
	for _, stride := range typesOf([]string{"Interval(MonthDayNano)", "Interval(DayTime)"}) {
		s = append(s, exact{stride, source, origin}, exact{stride, source})
	}
	return s
}

// dateTrunc lists a granularity and an instant, in DataFusion's order of preference.
func dateTrunc() oneOf {
	var s oneOf
	for _, unit := range []arrow.TimeUnit{arrow.Nanosecond, arrow.Microsecond, arrow.Millisecond, arrow.Second} {
		for _, zone := range []string{"", anyZone} {
			s = append(s, exact{utf8, coerce.Timestamp(unit, zone)}, exact{utf8View, coerce.Timestamp(unit, zone)})
		}
	}
	return s
}

func toChar() oneOf {
	var s oneOf
	for _, text := range []string{
		"Date32", "Date64", "Time64(ns)", "Time64(us)", "Time32(ms)", "Time32(s)",
		`Timestamp(ns, "+TZ")`, "Timestamp(ns)", `Timestamp(us, "+TZ")`, "Timestamp(us)",
		`Timestamp(ms, "+TZ")`, "Timestamp(ms)", `Timestamp(s, "+TZ")`, "Timestamp(s)",
		"Duration(ns)", "Duration(us)", "Duration(ms)", "Duration(s)",
	} {
		s = append(s, exactly(text, "Utf8"))
	}
	return s
}

// datePart is an integer, but for the seconds since 1970. A part that the type of value does not have fails when the query
// runs, so it is refused here.
func datePart(c *call) (arrow.DataType, error) {
	part := strings.ToLower(strings.Trim(c.args[0].Literal.Text, `'"`))
	name, known := partNames[part]
	dt := coerce.Unwrap(c.types[1])
	if has := partsOf(dt); !known || !slices.Contains(has, name) {
		return nil, c.invalid(0, coerce.Format(dt)+" has no part "+part, "its parts are "+list(has))
	}
	if name == "epoch" {
		return float64Type, nil
	}
	return int32Type, nil
}

// partsOf are the parts of a date, instant, time or span. It has none of NULL, which DataFusion does not run with.
func partsOf(dt arrow.DataType) []string {
	ofDay := []string{"hour", "minute", "second", "millisecond", "microsecond", "epoch"}
	switch {
	case coerce.IsTime(dt):
		return ofDay
	case coerce.IsDuration(dt), dt.ID() == arrow.INTERVAL_DAY_TIME:
		return append([]string{"week", "day"}, ofDay...)
	case dt.ID() == arrow.INTERVAL_MONTHS:
		return []string{"year", "month"}
	case dt.ID() == arrow.INTERVAL_MONTH_DAY_NANO:
		return append([]string{"year", "month", "week", "day"}, ofDay...)
	case coerce.IsNull(dt):
		return nil
	}
	return append([]string{"year", "quarter", "month", "week", "day", "doy", "dow", "isodow"}, ofDay...)
}

// partNames maps every spelling of a part to its name.
var partNames = func() map[string]string {
	names := make(map[string]string)
	for _, spellings := range []string{
		"year years yr yrs y", "quarter qtr", "month months mon mons", "week weeks w", "day days d", "doy", "dow", "isodow",
		"hour hours hr hrs h", "minute minutes min mins m", "second seconds sec secs s",
		"millisecond milliseconds msec msecs mseconds ms", "microsecond microseconds usec usecs useconds us", "epoch",
	} {
		words := strings.Fields(spellings)
		for _, word := range words {
			names[word] = words[0]
		}
	}
	return names
}()

func fromUnixtime(c *call) (arrow.DataType, error) {
	zone := ""
	if len(c.args) == 2 {
		zone = c.args[1].Literal.Text
	}
	return coerce.Timestamp(arrow.Second, zone), nil
}
