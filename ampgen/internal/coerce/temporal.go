package coerce

import "github.com/apache/arrow-go/v18/arrow"

// temporal is the common type of two dates, times, instants or spans when zones may differ: the coarser unit, and the left
// zone if there is one.
func temporal(l, r arrow.DataType) (arrow.DataType, bool) {
	left, lok := l.(*arrow.TimestampType)
	right, rok := r.(*arrow.TimestampType)
	if lok && rok {
		zone := left.TimeZone
		if zone == "" {
			zone = right.TimeZone
		}
		return Timestamp(coarser(left.Unit, right.Unit), zone), true
	}
	return temporalMixed(l, r)
}

// temporalStrict is temporal for arithmetic, where two different zones do not go together.
func temporalStrict(l, r arrow.DataType) (arrow.DataType, bool) {
	left, lok := l.(*arrow.TimestampType)
	right, rok := r.(*arrow.TimestampType)
	if lok && rok && left.TimeZone != "" && right.TimeZone != "" && left.TimeZone != right.TimeZone &&
		!(isUTC(left.TimeZone) && isUTC(right.TimeZone)) {
		return nil, false
	}
	return temporal(l, r)
}

func isUTC(zone string) bool { return zone == "UTC" || zone == "+00:00" }

// temporalMixed is the common type of two temporal types of which at most one is an instant.
func temporalMixed(l, r arrow.DataType) (arrow.DataType, bool) {
	is := func(a, b func(arrow.DataType) bool) bool { return a(l) && b(r) || b(l) && a(r) }
	span := func(dt arrow.DataType) bool { return IsInterval(dt) || IsDuration(dt) }
	switch {
	case span(l) && span(r):
		return monthDayNano, true
	case IsDate(l) && IsDate(r):
		return date64, true
	case is(IsDate, IsTimestamp), is(IsDate, IsTime):
		return timestampNoZone, true
	case is(IsDate, IsInteger):
		if IsDate(l) {
			return l, true
		}
		return r, true
	case IsTime(l) && IsTime(r), is(IsTime, IsInterval):
		return monthDayNano, true
	}
	return nil, false
}

// coarser is the unit that counts in larger steps.
func coarser(a, b arrow.TimeUnit) arrow.TimeUnit { return min(a, b) }
