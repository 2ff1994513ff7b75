package labels

import (
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/ampgen/ampgen/runtime/fault"
)

// Joiner adds the columns of labels to the rows of one query. It is used by one goroutine.
type Joiner struct {
	joins []*join
}

// join is one label bound to the query's columns.
type join struct {
	table *Table
	on    int // the column that is looked up
	index index
	first []int32 // scratch: for each row of a batch the first matching row of the label, or none
	count *count  // shared with the joiners of other goroutines
}

// count counts the rows that were looked up, and those that did not match.
type count struct{ rows, unmatched atomic.Int64 }

// Stats says how many rows a label did not match.
type Stats struct {
	Label     string
	Rows      int64 // rows that were looked up
	Unmatched int64 // of them, rows without a label; with an inner join these were dropped
	Dropped   bool  // whether they were
}

// NewJoiner binds labels to the columns of a query. A key that occurs twice in a file whose spec does not permit it is a Drift
// error that names both lines.
func NewJoiner(query *arrow.Schema, tables []*Table) (*Joiner, error) {
	j := &Joiner{}
	for _, t := range tables {
		at := query.FieldIndices(t.Spec.On)
		if len(at) != 1 {
			return nil, fault.Errorf(fault.Permanent, "join label "+t.Spec.Name, "", "the query has no column %q", t.Spec.On)
		}
		x, err := newIndex(t, query.Field(at[0]).Type)
		if err != nil {
			return nil, fault.Errorf(fault.Drift, "load label "+t.Spec.Name, t.path, "%w", err)
		}
		j.joins = append(j.joins, &join{table: t, on: at[0], index: x, count: &count{}})
	}
	return j, nil
}

// Clone is a joiner for one more goroutine: of the same labels, which are in memory once, and with the same counts.
func (j *Joiner) Clone() *Joiner {
	c := &Joiner{}
	for _, l := range j.joins {
		c.joins = append(c.joins, &join{table: l.table, on: l.on, index: l.index, count: l.count})
	}
	return c
}

// Stats are the counts since the start, per label.
func (j *Joiner) Stats() []Stats {
	out := make([]Stats, len(j.joins))
	for i, l := range j.joins {
		out[i] = Stats{Label: l.table.Spec.Name, Rows: l.count.rows.Load(), Unmatched: l.count.unmatched.Load(),
			Dropped: l.table.Spec.Join == Inner}
	}
	return out
}

// Join returns the columns of rows followed by those of the labels, and the number of rows, which differs from that of rows
// where inner joins drop and fan-out repeats. The order of rows is kept. The caller releases the columns.
func (j *Joiner) Join(rows arrow.RecordBatch) ([]arrow.Array, int64, error) {
	whole := true // every row stays, once
	for _, l := range j.joins {
		whole = l.lookUp(rows) && whole
	}
	var columns []arrow.Array
	fail := func(err error) ([]arrow.Array, int64, error) {
		for _, c := range columns {
			c.Release()
		}
		return nil, 0, fault.Errorf(fault.Permanent, "join labels", "", "%w", err)
	}
	if rows.NumRows() > 1<<31-1 {
		return fail(errors.New("a record batch has more than 2^31-1 rows"))
	}
	selection := selection{labels: make([][]int32, len(j.joins))}
	for i, l := range j.joins {
		selection.labels[i] = l.first
	}
	n := rows.NumRows()
	if !whole {
		selection = j.expand(int(n))
		n = int64(len(selection.rows))
	}
	for i, c := range rows.Columns() {
		if whole {
			c.Retain()
			columns = append(columns, c)
			continue
		}
		taken, err := takeArray(c, selection.rows)
		if err != nil {
			return fail(fmt.Errorf("column %s: %w", rows.ColumnName(i), err))
		}
		columns = append(columns, taken)
	}
	for i, l := range j.joins {
		for k, c := range l.table.columns {
			taken, err := takeArray(c, selection.labels[i])
			if err != nil {
				return fail(fmt.Errorf("label %s, column %s: %w", l.table.Spec.Name, l.table.Spec.Columns[k].CSV, err))
			}
			columns = append(columns, taken)
		}
	}
	return columns, n, nil
}

// lookUp fills first and counts. It reports whether the label leaves every row in place, once.
func (l *join) lookUp(rows arrow.RecordBatch) bool {
	n := int(rows.NumRows())
	if cap(l.first) < n {
		l.first = make([]int32, n)
	}
	l.first = l.first[:n]
	l.index.find(rows.Column(l.on), l.first)
	l.count.rows.Add(int64(n))
	unmatched, fansOut := 0, false
	for _, row := range l.first {
		if row == none {
			unmatched++
		} else if l.index.following(row) != none {
			fansOut = true
		}
	}
	l.count.unmatched.Add(int64(unmatched))
	return !fansOut && (unmatched == 0 || l.table.Spec.Join != Inner)
}

// selection says which rows make the result: row rows[i] of the batch beside row labels[k][i] of label k.
type selection struct {
	rows   []int32
	labels [][]int32
}

// expand applies the labels one after the other to the n rows of a batch.
func (j *Joiner) expand(n int) selection {
	s := selection{rows: make([]int32, n)}
	for i := range s.rows {
		s.rows[i] = int32(i)
	}
	for _, l := range j.joins {
		var kept, matches []int32 // positions in s, and the label's row beside each
		for i, row := range s.rows {
			match := l.first[row]
			if match == none && l.table.Spec.Join == Inner {
				continue
			}
			kept, matches = append(kept, int32(i)), append(matches, match)
			for match != none {
				if match = l.index.following(match); match != none {
					kept, matches = append(kept, int32(i)), append(matches, match)
				}
			}
		}
		s.rows = pick(s.rows, kept)
		for k := range s.labels {
			s.labels[k] = pick(s.labels[k], kept)
		}
		s.labels = append(s.labels, matches)
	}
	return s
}

func pick(from, at []int32) []int32 {
	out := make([]int32, len(at))
	for i, p := range at {
		out[i] = from[p]
	}
	return out
}

func takeArray(a arrow.Array, rows []int32) (arrow.Array, error) {
	data, err := take(a.Data(), rows)
	if err != nil {
		return nil, err
	}
	defer data.Release()
	return array.MakeFromData(data), nil
}
