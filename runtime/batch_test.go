package runtime

import (
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

func batchRig(mode Mode) *rig {
	r := newRig()
	r.pipeline.Mode, r.pipeline.Table.Block, r.pipeline.Table.Key = mode, "", nil
	r.source.synced = onBranch("a", 0, 9)
	return r
}

func TestBatchQueryReplaces(t *testing.T) {
	r := batchRig(Replace)
	r.expect(t, exitDone, "")
	r.checkCommits(t, "0-9@a9")
	r.expect(t, exitDone, "")
	r.checkCommits(t, "0-9@a9")
	if !strings.Contains(r.stderr.String(), "nothing was loaded into token_logs") || r.sink.store.prepared != 1 {
		t.Errorf("the second run prepared the sink %d times and said %s", r.sink.store.prepared, r.stderr.String())
	}
	r.source.synced = onBranch("a", 0, 19)
	r.expect(t, exitDone, "")
	r.checkCommits(t, "0-9@a9", "0-19@a19")
}

func TestBatchQueryAppendsOnce(t *testing.T) {
	r := batchRig(Append)
	r.expect(t, exitDone, "")
	r.expect(t, exitDone, "")
	r.source.synced = onBranch("a", 0, 19)
	r.expect(t, exitFailed, "")
	if !strings.Contains(r.stderr.String(), "the table has the result for [mainnet:0-9@") {
		t.Errorf("stderr is %s", r.stderr.String())
	}
	r.checkCommits(t, "0-9@a9")
}

func TestBatchQueryOfTablesThatAreNotSynced(t *testing.T) {
	r := batchRig(Replace)
	r.source.unsynced = true
	r.expect(t, exitFailed, "")
	if !strings.Contains(r.stderr.String(), "the server has no blocks of the queried tables yet") || r.sink.store.prepared != 0 {
		t.Errorf("stderr is %s", r.stderr.String())
	}
}

func TestBatchQueryIsTriedAgain(t *testing.T) {
	for _, mode := range []Mode{Replace, Append} {
		r := batchRig(mode)
		failures := 2
		r.source.answer = func(_ string, events []any) []any {
			if failures == 0 {
				return events
			}
			failures--
			return append(events[:len(events)-1:len(events)-1], Errorf(Transient, "read rows", "server", "it went away"))
		}
		r.expect(t, exitDone, "")
		r.checkCommits(t, "0-9@a9")
	}
}

func TestBatchQueryTakesNoBounds(t *testing.T) {
	r := batchRig(Replace)
	r.expect(t, exitUsage, "--to-block 5")
}

func TestDriftOfTheServer(t *testing.T) {
	r := newRig()
	r.source.schema = arrow.NewSchema([]arrow.Field{
		{Name: "block_num", Type: arrow.PrimitiveTypes.Int64},
		{Name: "token", Type: arrow.BinaryTypes.String},
		{Name: "extra", Type: arrow.PrimitiveTypes.Int8, Nullable: true},
	}, nil)
	for _, args := range []string{"", "--to-block 9", "verify", "plan", "plan --to-block 9"} {
		r.expect(t, exitDrift, args)
		for _, want := range []string{
			`column "block_num" is int64 not null, not uint64 not null`,
			`column "log_index" (uint32 not null) is missing`,
			`column "token" is number 2, not 3`,
			`column "token" is utf8 not null, not utf8 nullable`,
			`column "extra" (int8 nullable) is not expected`,
		} {
			if !strings.Contains(r.stderr.String(), want) {
				t.Errorf("%s: %q is missing in %s", args, want, r.stderr.String())
			}
		}
	}
	if r.sink.store.prepared != 0 {
		t.Error("the sink was prepared")
	}
}

func TestNullInANotNullColumn(t *testing.T) {
	r := newRig()
	notNull := querySchema.Fields()
	notNull[2].Nullable = false // "@col token notnull": announced as nullable, compiled as never null
	r.pipeline.Table.Schema = arrow.NewSchema(notNull, nil)
	b := array.NewRecordBuilder(memory.DefaultAllocator, querySchema)
	b.Field(0).(*array.Uint64Builder).Append(1)
	b.Field(1).(*array.Uint32Builder).Append(0)
	b.Field(2).AppendNull()
	r.follow(t, exitFailed, Message{Record: b.NewRecordBatch(), Ranges: []Range{onBranch("a", 0, 9)}, Complete: true})
	if !strings.Contains(r.stderr.String(), `column "token" is NOT NULL and holds 1 null`) {
		t.Errorf("stderr is %s", r.stderr.String())
	}
	r.checkCommits(t)
}
