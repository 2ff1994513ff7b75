package runtime

import (
	"fmt"
	"math"
	"math/bits"
	"strconv"
	"strings"
)

// byteSize is a flag's number of bytes, such as 512MiB.
type byteSize int64

var sizeUnits = []struct {
	name  string
	bytes uint64
}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"B", 1}}

// Set is pflag.Value's.
func (s *byteSize) Set(text string) error {
	for _, unit := range sizeUnits {
		number, ok := strings.CutSuffix(text, unit.name)
		if !ok {
			continue
		}
		n, err := strconv.ParseUint(strings.TrimSpace(number), 10, 63)
		if high, low := bits.Mul64(n, unit.bytes); err == nil && high == 0 && low <= math.MaxInt64 {
			*s = byteSize(low)
			return nil
		}
		break
	}
	return fmt.Errorf("%q is not a size such as 512MiB or 2GB", text)
}

// String is pflag.Value's.
func (s *byteSize) String() string {
	for _, unit := range []int{2, 1, 0} {
		if u := byteSize(sizeUnits[unit].bytes); *s >= u && *s%u == 0 {
			return fmt.Sprintf("%d%s", *s/u, sizeUnits[unit].name)
		}
	}
	return fmt.Sprintf("%dB", *s)
}

// Type is pflag.Value's.
func (*byteSize) Type() string { return "size" }
