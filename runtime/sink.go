package runtime

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/spf13/pflag"

	"github.com/ampgen/ampgen/runtime/blockrange"
)

// Sink is a system that holds one pipeline's table together with its state. A Sink serves one Table; Prepare comes first.
// Every error is an *Error with its class.
type Sink interface {
	// Prepare makes the table, its indexes and the state exist, or finds that they exist and match; a table that differs from t
	// is a Drift error that lists the differences, and nothing is changed. It then takes the fence: instances that prepared the
	// same pipeline before can no longer commit.
	Prepare(ctx context.Context, t *Table) error
	// State reads coverage and fence back from the system itself. It may be called before Prepare: a table or state that does
	// not exist is the empty State. It takes no fence and writes nothing.
	State(ctx context.Context, t *Table) (State, error)
	// Begin opens a commit unit. A sink may allow several at once for different ranges; one that does not says so with a
	// Permanent error.
	Begin(ctx context.Context, u Unit) (Tx, error)
	// Undo removes the rows at or after a fork point and cuts the coverage, in one commit. Doing it again changes nothing. With
	// Table.History it marks the rows instead; the commit of a unit that covers their blocks again writes its id to them.
	Undo(ctx context.Context, u Undo) error
	Close() error
}

// Tx is one open commit unit, used by one goroutine. Nothing of it is visible to readers before Commit returns nil.
type Tx interface {
	// Write streams rows; their schema is Table.Schema. The record is the caller's: a sink that keeps it retains it.
	Write(ctx context.Context, rows arrow.RecordBatch) error
	// Commit makes rows, state and the fence check visible together. A range that is already covered with the same hash commits
	// nothing and returns nil. When the reply was lost the error is Ambiguous: read the State back to know.
	Commit(ctx context.Context) error
	// Rollback drops the unit. After Commit it does nothing.
	Rollback(ctx context.Context) error
}

// Redoer is a Sink that can load committed blocks again while the loader that has the fence goes on.
type Redoer interface {
	// Redo opens a unit that replaces the rows of blocks, which are of one network and lie in one committed range; tip is the last
	// block that the server had when it answered. It needs no Prepare and takes no fence. The coverage, and the ids that the rows
	// are tagged with, stay as they are. Commit takes its turn among the loader's commits and undos. It commits nothing, with a
	// Transient error, where the rows may be of another branch than the coverage (coverage.Redo).
	Redo(ctx context.Context, t *Table, blocks, tip Range) (Tx, error)
}

// Unit is what a commit unit covers.
type Unit struct {
	// Ranges has one element per network. They are what becomes covered.
	Ranges []Range
	// Replace makes the rows the table's whole content: what was there before, rows and coverage, is gone with the commit.
	Replace bool
	// Undo is what left the chain and is undone in the same commit, before the rows come, so that readers go from the one branch
	// to the other at once; nil for none. Its network is that of one of Ranges, which starts at Undo.From.
	Undo *Undo
}

// Check finds what no sink can commit into t: a unit without ranges, ranges that are none, two of one network, blocks that the
// signed columns of the state cannot hold, an undo that is not where one of the ranges starts or has nothing to do with a unit that
// replaces everything, and the removal of rows that cannot be found or are to be kept.
func (u Unit) Check(t *Table) error {
	switch {
	case len(u.Ranges) == 0:
		return errors.New("a unit without ranges")
	case u.Replace && t.History:
		return errors.New("a history table keeps its rows and cannot be replaced")
	case u.Undo != nil && t.Block == "":
		return errors.New("the table has no block column")
	}
	replaces := u.Undo == nil
	for i, r := range u.Ranges {
		if r.Start > r.End {
			return fmt.Errorf("range %s ends before it starts", r)
		}
		if r.End > math.MaxInt64 {
			return fmt.Errorf("range %s has blocks beyond %d, which the state cannot hold", r, int64(math.MaxInt64))
		}
		if slices.ContainsFunc(u.Ranges[:i], func(o Range) bool { return o.Network == r.Network }) {
			return fmt.Errorf("two ranges of network %s in one unit", r.Network)
		}
		replaces = replaces || r.Network == u.Undo.Network && r.Start == u.Undo.From
	}
	if !replaces || u.Undo != nil && u.Replace {
		return fmt.Errorf("a unit of %v undoes %s from block %d, which it does not begin with", u.Ranges, u.Undo.Network, u.Undo.From)
	}
	return nil
}

// ID is the value of the _amp_batch_id column of the unit's rows.
func (u Unit) ID() string { return blockrange.ID(u.Ranges) }

// Undo says what left the chain.
type Undo struct {
	Network string
	// From is the fork point: the first block that differs. Rows of blocks >= From go.
	From uint64
	// Hash is the hash of block From-1 on the surviving chain; empty when unknown. A covered range that contains From is cut to end
	// there, and has that hash. So has a range that ends there and had none: the chain left it only at From.
	Hash string
}

// State is what a sink has, read back from the sink.
type State struct {
	// Ranges are the committed ranges by network and start. Ranges without Hash are unproven (loaded by position). Neighbours that
	// are older than any reorganisation are merged (blockrange.Compactable), so that there are few however much was committed.
	Ranges []Range
	// Changed is when the ranges last changed; zero before they did.
	Changed time.Time
	// Missing says what does not exist yet, such as "file chain.duckdb", for people; empty when there is nothing to say.
	Missing string
	// Fence is the epoch that the newest instance took, 0 before the first, and Holder says who that is.
	Fence  uint64
	Holder string
}

// Explainer is a Sink that can say what a load would do to it, for people who look at a plan.
type Explainer interface {
	// Explain is some lines of text about a load: files, statements. It writes nothing.
	Explain(ctx context.Context, t *Table, load Estimate) (string, error)
}

// Estimate is how much a load is expected to be; 0 is unknown.
type Estimate struct {
	Rows  int64
	Bytes int64 // of Arrow data
	Units int64 // commits
}

// Driver is a kind of sink as a loader binary links it: its settings and how to open it.
type Driver interface {
	// Name is the sink's word in @sink annotations, such as "postgres".
	Name() string
	// Flags adds the connection settings. Secrets are read from the environment or files only, never from flags.
	Flags(fs *pflag.FlagSet)
	// DDL is the text that creates t and what belongs to it, for people and database administrators.
	DDL(t *Table) (string, error)
	// Open connects with the parsed flags. Flags that cannot be are a *UsageError. It makes nothing: that is for Prepare.
	Open(ctx context.Context) (Sink, error)
}
