package sim

import "math/rand/v2"

// Fault is a kind of thing that goes wrong, or is unusual, in a run. Which kinds a run has, and how often, is drawn from its seed.
type Fault int

// The faults of the source.
const (
	DuplicateRows      Fault = iota // a record batch is sent twice; the table's key refuses it
	DuplicateComplete               // the completion message is sent twice
	RepeatedMicrobatch              // a whole microbatch is sent twice, cut into other messages
	RowsInCompletion                // the completion message has rows
	KeepAlive                       // an empty batch with ranges comes within a microbatch
	EmptyRanges                     // "no data yet", and the stream ends
	CutOK                           // the stream ends with OK within a microbatch
	CutError                        // the connection breaks within a microbatch
	EndOK                           // the stream ends with OK between microbatches
	EndError                        // the connection breaks between microbatches
	OpenError                       // the query cannot be opened, for now
	OpenRefused                     // the query is refused as a permanent mistake
	Rewound                         // the stream goes back by one range of the same branch
	Recut                           // a range that was sent before is cut differently
	CursorIgnored                   // the stream starts from the beginning
	CursorBlind                     // the server does not see that the cursor's block left the chain
	ForkForgotten                   // the server no longer has the fork, and starts at the cursor's block itself
	ForwardGap                      // blocks are skipped
	HashMismatch                    // a consecutive range has another parent
	BackSameHash                    // a range goes back but claims to continue
	OtherNetworks                   // the set of networks changes
	NoParentHash                    // a range has no parent hash
	RowsOutside                     // a row is of a block outside of the range
	RowsWithoutRange                // rows come without ranges
	NullRow                         // a column that is NOT NULL has a null
	NoCompletion                    // a microbatch is not completed before the next
	RangeChanged                    // the ranges change within a batch answer
	NoMetadata                      // a message within a microbatch has neither ranges nor rows
	SchemaChanged                   // the server's columns are not the compiled ones
	Silence                         // there is nothing new, and the stream says nothing

	// The chain's.
	Fork           // the tip is replaced
	ForkStart      // … from the start of a committed range
	ForkMiddle     // … from within a committed range
	ForkEnd        // … from the last block of a committed range
	ForkAll        // … from the first committed block
	ForkDown       // … while no loader runs
	ForkInUnit     // … within a microbatch that is being sent, which is abandoned
	ForkInFork     // … before the one before was undone
	ForkUndo       // … while an undo is in progress
	Revive         // a former branch becomes canonical again
	shrunkenBranch // the new branch is shorter for now

	// The sink's.
	PrepareError
	StateError
	BeginError
	WriteError
	CommitError   // nothing happened
	CommitApplied // the reply is lost, the commit took place
	CommitDropped // the reply is lost, the commit did not take place
	UndoError
	UndoApplied
	UndoDropped
	Compact // adjacent committed ranges become one

	// The process's.
	Kill     // anywhere
	KillUndo // within an undo, or between it and what replaces it
	Stop     // as by SIGTERM
	Takeover // a second instance starts while the first one runs

	// Those of time, which some runs have beside the others.
	Outage      // a side fails for a while
	Throttle    // a failure says that the side is overloaded, and when to come back
	Stall       // the server forgets a stream, which is silent from then on
	Late        // a call took too long, or a stream was silent for too long
	breakerOpen // nothing is asked of a side for a while

	faults
)

// drawn are the faults of which each run has some.
const drawn = Outage

var faultNames = [faults]string{
	"duplicate rows", "duplicate completion", "repeated microbatch", "rows in completion", "keep-alive", "empty ranges",
	"cut with OK", "cut with error", "end with OK", "end with error", "open error", "open refused", "rewound", "recut",
	"cursor ignored", "cursor blind", "fork forgotten", "forward gap", "hash mismatch", "back with the same hash",
	"other networks", "no parent hash", "rows outside of range", "rows without range", "null row", "no completion", "range changed",
	"no metadata", "schema changed", "silence",
	"fork", "fork at start", "fork in middle", "fork at end", "fork of everything", "fork while down", "fork in microbatch",
	"fork in fork", "fork during undo", "former branch", "shorter branch",
	"prepare error", "state error", "begin error", "write error", "commit error", "commit reply lost, applied",
	"commit reply lost, dropped", "undo error", "undo reply lost, applied", "undo reply lost, dropped", "compaction",
	"kill", "kill at an undo", "stop", "takeover",
	"outage", "throttle", "stall", "late", "breaker open",
}

func (f Fault) String() string { return faultNames[f] }

// dice are a run's random decisions: all of them come from its seed.
type dice struct {
	*rand.Rand
	oneIn [faults]int // how rare each fault is; 0: it does not happen
	count [faults]int // how often each happened
	calm  bool        // no more faults
	timed bool        // time passes also while streams are silent, and calls may take too long
}

func newDice(seed uint64) *dice {
	d := &dice{Rand: rand.New(rand.NewPCG(seed, 0x616d7067656e))}
	// Few kinds at a time, each often enough to meet the others, find more than all kinds at once: a run that fails at every
	// step gets nowhere.
	for range 2 + d.IntN(9) {
		d.oneIn[d.IntN(int(drawn))] = []int{3, 8, 20, 60}[d.IntN(4)]
	}
	// Forks, kills and takeovers are what the rest is about.
	for _, f := range []Fault{Fork, Fork, Fork, ForkInUnit, Kill, KillUndo, Takeover} {
		if d.IntN(3) == 0 {
			d.oneIn[f] = d.upTo(5)
		}
	}
	// The choice is not from the same sequence, so that the other runs are as they were before there were these faults.
	if time := rand.New(rand.NewPCG(seed, 0x74696dad)); time.IntN(4) == 0 {
		d.timed = true
		for _, f := range []Fault{Outage, Throttle, Stall} {
			d.oneIn[f] = []int{0, 4, 15, 40}[time.IntN(4)]
		}
	}
	return d
}

// hit draws whether a fault happens now, and counts it.
func (d *dice) hit(f Fault) bool {
	if d.calm || d.oneIn[f] == 0 || d.IntN(d.oneIn[f]) > 0 {
		return false
	}
	d.count[f]++
	return true
}

// upTo draws from 1 to n.
func (d *dice) upTo(n int) int { return 1 + d.IntN(n) }
