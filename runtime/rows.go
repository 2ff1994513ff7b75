package runtime

import (
	"context"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/ampgen/ampgen/runtime/blockrange"
	"github.com/ampgen/ampgen/runtime/labels"
	"github.com/ampgen/ampgen/runtime/telemetry"
)

// shaper turns record batches of the query into record batches of the table: checked, with the labels' columns.
type shaper struct {
	table *arrow.Schema
	join  *labels.Joiner // nil without labels
	block int            // the block column; -1 if there is none
}

// newShaper loads the labels; paths says where those are that are not read from their compiled path.
func newShaper(ctx context.Context, p *Pipeline, paths map[string]string) (*shaper, error) {
	s := &shaper{table: p.Table.Schema, block: -1}
	if p.Table.Block != "" {
		at := p.Query.FieldIndices(p.Table.Block)
		if len(at) != 1 || p.Query.Field(at[0]).Type.ID() != arrow.UINT64 {
			return nil, Errorf(Permanent, "check pipeline", "query "+p.Name, "the block column %q is not a column of type UInt64", p.Table.Block)
		}
		s.block = at[0]
	}
	if len(p.Labels) == 0 {
		return s, nil
	}
	var tables []*labels.Table
	for _, spec := range p.Labels {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		path := spec.Path
		if other, ok := paths[spec.Name]; ok {
			path = other
		}
		t, err := labels.Load(spec, path)
		if err != nil {
			return nil, err
		}
		tables = append(tables, t)
	}
	var err error
	s.join, err = labels.NewJoiner(p.Query, tables)
	return s, err
}

// clone is a shaper for one more goroutine. The labels are in memory once.
func (s *shaper) clone() *shaper {
	c := *s
	if s.join != nil {
		c.join = s.join.Clone()
	}
	return &c
}

// shape checks rows, whose schema must be the query's, and returns them as rows of the table; the caller releases them. The
// blocks of the rows must lie within span, unless span is nil.
func (s *shaper) shape(rows arrow.RecordBatch, span *blockrange.Span, meter *telemetry.Lane) (arrow.RecordBatch, error) {
	meter.Enter(telemetry.Decode)
	if span != nil && s.block >= 0 {
		if err := checkBlocks(rows, s.block, *span); err != nil {
			return nil, err
		}
	}
	columns, n := rows.Columns(), rows.NumRows()
	if s.join != nil {
		meter.Enter(telemetry.Labels)
		var err error
		if columns, n, err = s.join.Join(rows); err != nil {
			return nil, err
		}
		meter.Enter(telemetry.Decode)
		defer func() {
			for _, c := range columns {
				c.Release()
			}
		}()
	}
	if len(columns) != s.table.NumFields() {
		return nil, Errorf(Permanent, "shape rows", "", "the query and its labels have %d columns, the table %d", len(columns), s.table.NumFields())
	}
	for i, f := range s.table.Fields() {
		if !arrow.TypeEqual(f.Type, columns[i].DataType()) {
			return nil, Errorf(Permanent, "shape rows", "", "column %q is %s, in the table %s", f.Name, columns[i].DataType(), f.Type)
		}
		if !f.Nullable && columns[i].NullN() > 0 {
			return nil, Errorf(Protocol, "check rows", "", "column %q is NOT NULL and holds %s", f.Name, plural(int64(columns[i].NullN()), "null"))
		}
	}
	return array.NewRecordBatch(s.table, columns, n), nil
}

// checkBlocks checks that the server sent rows of the blocks that it said, since rows are undone by block number.
func checkBlocks(rows arrow.RecordBatch, column int, span blockrange.Span) error {
	blocks, ok := rows.Column(column).(*array.Uint64)
	if !ok {
		return Errorf(Drift, "check rows", "", "column %q is %s, not uint64", rows.ColumnName(column), rows.Column(column).DataType())
	}
	for i, b := range blocks.Uint64Values() {
		if (b < span.Start || b > span.End) && blocks.IsValid(i) {
			return Errorf(Protocol, "check rows", "", "a row of block %d came with the range %s", b, span)
		}
	}
	if blocks.NullN() > 0 {
		return Errorf(Protocol, "check rows", "", "column %q, by which rows are undone, holds %s", rows.ColumnName(column), plural(int64(blocks.NullN()), "null"))
	}
	return nil
}

// dataSize is the number of bytes in the buffers of rows.
func dataSize(rows arrow.RecordBatch) int64 {
	var size func(arrow.ArrayData) int64
	size = func(d arrow.ArrayData) int64 {
		var n int64
		for _, b := range d.Buffers() {
			if b != nil {
				n += int64(b.Len())
			}
		}
		for _, c := range d.Children() {
			n += size(c)
		}
		return n
	}
	var n int64
	for _, c := range rows.Columns() {
		n += size(c.Data())
	}
	return n
}

// plural writes "1 row" and "2 rows".
func plural(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
