package blockrange

// KeepBoundaries is how many of the newest committed ranges of a network stay apart. A stream resumes at the end of a range,
// and a reorganisation is checked where ranges meet, so the ranges within the reach of a reorganisation are not merged: on a
// chain that is followed block by block, this is half an hour of two-second blocks. What is older is below finality and
// becomes one interval.
const KeepBoundaries = 1024

// Run is a run of neighbours that can be one range.
type Run struct {
	First, Last int // indexes of the first and the last of them
	Range       Range
}

// Compactable finds the runs of two or more ranges that lie before the newest KeepBoundaries and can be merged without losing
// what is known: each continues the one before, and either all are proven, each by the parent hash of the next, or none is and
// none could still leave the chain when it was loaded. The
// ranges are committed ranges of one network in order of blocks.
func Compactable(ranges []Range) []Run {
	var runs []Run
	open := false
	for i := 1; i < len(ranges)-KeepBoundaries; i++ {
		if !joins(ranges[i-1], ranges[i]) {
			open = false
			continue
		}
		if !open {
			runs, open = append(runs, Run{First: i - 1, Range: ranges[i-1]}), true
		}
		run := &runs[len(runs)-1]
		run.Last = i
		run.Range.End, run.Range.Hash, run.Range.Timestamp = ranges[i].End, ranges[i].Hash, ranges[i].Timestamp
	}
	return runs
}

func joins(a, b Range) bool {
	if a.End+1 != b.Start || a.Network != b.Network {
		return false
	}
	return a.Hash == "" && b.Hash == "" && b.PrevHash == "" && a.Timestamp == 0 && b.Timestamp == 0 || a.Hash != "" && b.Hash != "" && b.PrevHash == a.Hash
}

// Compact returns ranges with the runs of Compactable merged.
func Compact(ranges []Range) []Range {
	var out []Range
	next := 0
	for _, run := range Compactable(ranges) {
		out = append(append(out, ranges[next:run.First]...), run.Range)
		next = run.Last + 1
	}
	return append(out, ranges[next:]...)
}
