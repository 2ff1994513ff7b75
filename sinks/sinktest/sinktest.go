// Package sinktest is the suite that every sink passes: what the contract of runtime.Sink promises, checked on the real
// system.
//
// A sink's test has
//
//	func TestConformance(t *testing.T) {
//		sinktest.Run(t, func(t *testing.T) sinktest.Harness { … an empty database … })
//	}
package sinktest

import (
	"slices"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ampgen/ampgen/runtime"
)

// Harness is an empty place in a real system, such as a new database or a new file.
type Harness interface {
	// Open opens a sink on the place as one more instance of a loader of table does. The test closes it.
	Open(t testing.TB, table *runtime.Table) runtime.Sink
	// Rows reads the fields of all rows of the named table or view back, in any order, the way a reader of the system does: on
	// a connection of its own, seeing what is committed. The values have the form that Value documents; FromJSON helps.
	Rows(t testing.TB, table string, fields []arrow.Field) [][]any
	Traits() Traits
}

// Traits are the points on which systems may differ.
type Traits struct {
	// TextHoldsNUL: text may have NUL bytes. Otherwise such text is refused with an error.
	TextHoldsNUL bool
	// Nanoseconds: times keep nanoseconds. Otherwise times that are not whole microseconds are refused with an error.
	Nanoseconds bool
	// NoIntervals: intervals of months and days have no type. A table with a column of them is refused by Prepare.
	NoIntervals bool
}

// Run runs the suite. Each test gets a place of its own from open.
func Run(t *testing.T, open func(t *testing.T) Harness) {
	for _, c := range tests {
		t.Run(c.name, func(t *testing.T) { c.test(t, open(t)) })
	}
}

// RunOnly runs some tests of the suite, by name: on something that stands in for the real system and cannot do all that it can.
func RunOnly(t *testing.T, open func(t *testing.T) Harness, names ...string) {
	for _, name := range names {
		i := slices.IndexFunc(tests, func(c test) bool { return c.name == name })
		if i < 0 {
			t.Fatalf("the suite has no test %s", name)
		}
		t.Run(name, func(t *testing.T) { tests[i].test(t, open(t)) })
	}
}

type test struct {
	name string
	test func(t *testing.T, h Harness)
}

var tests = []test{
	{"StateOfNothing", testStateOfNothing},
	{"PrepareTwice", testPrepareTwice},
	{"Drift", testDrift},
	{"Compare", testCompare},
	{"Names", testNames},
	{"TablesAreSeparate", testTablesAreSeparate},
	{"CommitShowsRowsAndStateTogether", testCommit},
	{"EmptyUnit", testEmptyUnit},
	{"Rollback", testRollback},
	{"CancelledContext", testCancelled},
	{"WrongSchema", testWrongSchema},
	{"CommitTwice", testCommitTwice},
	{"Overlap", testOverlap},
	{"SeveralRanges", testSeveralRanges},
	{"UnitsAtOnce", testUnitsAtOnce},
	{"Replace", testReplace},
	{"ManyRows", testManyRows},
	{"LargestBlock", testLargestBlock},
	{"Fence", testFence},
	{"Undo", testUndo},
	{"UndoAndReload", testUndoAndReload},
	{"UndoOfOneNetwork", testUndoOfOneNetwork},
	{"UndoProvesTheBoundary", testUndoProvesTheBoundary},
	{"UndoWithinUnit", testUndoWithinUnit},
	{"UndoWithinEmptyUnit", testUndoWithinEmptyUnit},
	{"UndoWithinUnitBesideOthers", testUndoWithinUnitBesideOthers},
	{"UndoWithinUnitAndFence", testUndoWithinUnitAndFence},
	{"UndoWithinUnitOfHistory", testUndoWithinUnitOfHistory},
	{"RefusedUnits", testRefusedUnits},
	{"History", testHistory},
	{"Compaction", testCompaction},
	{"Redo", testRedo},
	{"RedoOfHistory", testRedoOfHistory},
	{"Stateless", testStateless},
	{"StatelessHistory", testStatelessHistory},
	{"StatelessBesideState", testStatelessBesideState},
	{"Types", testTypes},
	{"Refusals", testRefusals},
}
