package postgres

import (
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/ampgen/ampgen/runtime"
	"github.com/ampgen/ampgen/runtime/pgcopy"
	"github.com/ampgen/ampgen/sinks/postgres/pgtest"
)

// TestBuffersStaySmallForWideRows: buffers are bounded by a row, not by the rows of a batch.
func TestBuffersStaySmallForWideRows(t *testing.T) {
	schema := arrow.NewSchema([]arrow.Field{{Name: "block_num", Type: arrow.PrimitiveTypes.Uint64}, {Name: "note", Type: arrow.BinaryTypes.String}}, nil)
	database := pgtest.Database(t)
	s, err := Open(t.Context(), Config{URL: database, NewEncoder: func() pgcopy.Encoder {
		e, err := pgcopy.NewEncoder(schema)
		if err != nil {
			t.Error(err)
		}
		return e
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Prepare(t.Context(), &runtime.Table{Pipeline: "wide", Name: "wide", Schema: schema, Block: "block_num"}); err != nil {
		t.Fatal(err)
	}
	unit, err := s.Begin(t.Context(), runtime.Unit{Ranges: []runtime.Range{span(0, 9, "h9")}})
	if err != nil {
		t.Fatal(err)
	}
	defer unit.Rollback(t.Context())
	const width = 1 << 20
	largest := 0
	for _, rows := range []struct{ n, width int }{{1000, 10}, {40, width}, {1000, 10}, {40, width}, {100_000, 10}} {
		b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
		for range rows.n {
			b.Field(0).(*array.Uint64Builder).Append(5)
			b.Field(1).(*array.StringBuilder).Append(strings.Repeat("x", rows.width))
		}
		record := b.NewRecordBatch()
		if err := unit.Write(t.Context(), record); err != nil {
			t.Fatal(err)
		}
		record.Release()
		b.Release()
		largest = max(largest, cap(unit.(*tx).copy.buf))
	}
	if largest > 3*width {
		t.Errorf("a buffer has %d bytes for rows of %d", largest, width)
	}
	if now := cap(unit.(*tx).copy.buf); now > 4*bufferBytes {
		t.Errorf("when rows are narrow again a buffer still has %d bytes", now)
	}
	if err := unit.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := column[int](t, database, "SELECT count(*)::int FROM wide"); got[0] != 102_080 {
		t.Errorf("%d rows", got[0])
	}
}
