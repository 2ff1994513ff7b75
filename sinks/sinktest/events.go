package sinktest

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/google/go-cmp/cmp"

	"github.com/ampgen/ampgen/runtime"
)

// events is the table of the tests that are about rows and state and not about types.
func events() *runtime.Table {
	return &runtime.Table{
		Pipeline: "Events",
		Name:     "events",
		Schema: arrow.NewSchema([]arrow.Field{
			{Name: "block_num", Type: arrow.PrimitiveTypes.Uint64},
			{Name: "log_index", Type: arrow.PrimitiveTypes.Uint32},
			{Name: "name", Type: arrow.BinaryTypes.String, Nullable: true},
		}, nil),
		Block: "block_num",
	}
}

// rowsOf has one row of events per block of [from, to], with name.
func rowsOf(from, to uint64, name string) arrow.RecordBatch {
	b := array.NewRecordBuilder(memory.DefaultAllocator, events().Schema)
	for n := from; n <= to; n++ {
		b.Field(0).(*array.Uint64Builder).Append(n)
		b.Field(1).(*array.Uint32Builder).Append(uint32(n % 7))
		b.Field(2).(*array.StringBuilder).Append(name)
	}
	return b.NewRecordBatch()
}

func span(network string, start, end uint64, hash, prev string) runtime.Range {
	return runtime.Range{Network: network, Start: start, End: end, Hash: hash, PrevHash: prev}
}

func unit(ranges ...runtime.Range) runtime.Unit { return runtime.Unit{Ranges: ranges} }

// prepared is a sink that is ready for table.
func prepared(t *testing.T, h Harness, table *runtime.Table) runtime.Sink {
	t.Helper()
	s := h.Open(t, table)
	t.Cleanup(func() { check(t, s.Close()) })
	check(t, s.Prepare(t.Context(), table))
	return s
}

// try commits a unit with records; the error is the first of any step. Nothing stays open.
func try(ctx context.Context, s runtime.Sink, u runtime.Unit, records ...arrow.RecordBatch) error {
	tx, err := s.Begin(ctx, u)
	if err != nil {
		return err
	}
	for _, r := range records {
		if err := tx.Write(ctx, r); err != nil {
			_ = tx.Rollback(ctx) // the error of Write is the one that is asked for
			return err
		}
	}
	if err := tx.Commit(ctx); err != nil {
		_ = tx.Rollback(ctx)
		return err
	}
	return tx.Rollback(ctx)
}

func load(t *testing.T, s runtime.Sink, u runtime.Unit, records ...arrow.RecordBatch) {
	t.Helper()
	check(t, try(t.Context(), s, u, records...))
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantClass fails unless err is an *Error of one of the classes.
func wantClass(t testing.TB, what string, err error, classes ...runtime.Class) {
	t.Helper()
	if err == nil || !slices.Contains(classes, runtime.ClassOf(err)) {
		t.Errorf("%s: error %v, want one of class %v", what, err, classes)
	}
}

// wantRows compares the table's own columns with the rows of records, in any order.
func wantRows(t testing.TB, h Harness, table *runtime.Table, records ...arrow.RecordBatch) {
	t.Helper()
	fields := table.Schema.Fields()
	var want [][]any
	for _, r := range records {
		for i := range int(r.NumRows()) {
			row := make([]any, r.NumCols())
			for c, col := range r.Columns() {
				row[c] = Value(fields[c], col, i)
			}
			want = append(want, row)
		}
	}
	compare(t, want, h.Rows(t, table.Name, fields))
}

// compare compares rows in any order.
func compare(t testing.TB, want, got [][]any) {
	t.Helper()
	order := func(a, b []any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) }
	slices.SortFunc(want, order)
	slices.SortFunc(got, order)
	if len(want) == 0 && len(got) == 0 {
		return
	}
	if len(want) != len(got) && len(want)+len(got) > 100 {
		t.Errorf("%d rows, want %d", len(got), len(want))
	} else if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rows differ (-want +got):\n%s", diff)
	}
}

// wantState compares the coverage, by everything but timestamps.
func wantState(t testing.TB, s runtime.Sink, table *runtime.Table, ranges ...runtime.Range) {
	t.Helper()
	state, err := s.State(t.Context(), table)
	if err != nil {
		t.Errorf("read the state: %v", err)
		return
	}
	got := slices.Clone(state.Ranges)
	for i := range got {
		got[i].Timestamp = 0
	}
	if !slices.Equal(got, ranges) {
		t.Errorf("coverage is %v, want %v", got, ranges)
	}
}

func fenceOf(t testing.TB, s runtime.Sink, table *runtime.Table) (uint64, string) {
	t.Helper()
	state, err := s.State(t.Context(), table)
	check(t, err)
	return state.Fence, state.Holder
}

// largest is beyond what a signed 64-bit column of state can hold.
const largest = uint64(math.MaxUint64)
