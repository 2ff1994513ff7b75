package telemetry

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Number writes n with its digits in groups of three: 17,686,132.
func Number(n int64) string {
	digits := strconv.FormatInt(n, 10)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// Count writes "1 row" and "1,200 rows".
func Count(n int64, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return Number(n) + " " + noun
}

// Rate writes rows per second.
func Rate(rows int64, d time.Duration) string {
	if d <= 0 {
		return "0 rows/s"
	}
	return Number(int64(float64(rows)/d.Seconds())) + " rows/s"
}

// Age writes a span of time as people do, the coarser the longer it is: 42s, 12m5s, 7 hours, 12 days, 3 years.
func Age(d time.Duration) string {
	const day, year = 24 * time.Hour, 8766 * time.Hour // of the Julian calendar
	switch {
	case d < time.Hour:
		return d.Round(time.Second).String()
	case d < 2*day:
		return Count(int64(d/time.Hour), "hour")
	case d < year:
		return Count(int64(d/day), "day")
	}
	return Count(int64(d/year), "year")
}

// Bytes writes a size in the unit that fits.
func Bytes(n int64) string {
	size, unit := float64(n), 0
	for size >= 1000 && unit < 4 {
		size /= 1000
		unit++
	}
	if unit == 0 {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.1f %cB", size, "kMGT"[unit-1])
}

// Shares says where the time of all lanes went: "server 62%, decode 1%, labels 7%, encode 10%, sink 20%".
func (s Snapshot) Shares() string {
	var all time.Duration
	for side := Server; side < sides; side++ {
		all += s.Spent[side]
	}
	var parts []string
	for side := Server; side < sides; side++ {
		share := 0.0
		if all > 0 {
			share = 100 * s.Spent[side].Seconds() / all.Seconds()
		}
		parts = append(parts, fmt.Sprintf("%s %.0f%%", side, share))
	}
	return strings.Join(parts, ", ")
}
