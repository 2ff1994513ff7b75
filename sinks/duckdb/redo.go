package duckdb

import (
	"context"
	"errors"
	"fmt"

	"github.com/ampgen/ampgen/runtime"
	"github.com/ampgen/ampgen/runtime/coverage"
	"github.com/ampgen/ampgen/runtime/crash"
	"github.com/ampgen/ampgen/sinks/duckdb/ddl"
)

var _ runtime.Redoer = (*Sink)(nil)

// Redo is runtime.Redoer's. The file is open in one process at a time, so the loader that goes on is one of this process. The
// rows wait in a table in memory, so that they are in nobody's way before the commit.
func (s *Sink) Redo(ctx context.Context, table *runtime.Table, blocks, tip runtime.Range) (runtime.Tx, error) {
	if s.db == nil {
		return nil, runtime.Errorf(runtime.Permanent, "begin to load again", "table "+table.Name, "the file %s does not exist", s.path)
	}
	s.db.commit.Lock()
	defer s.db.commit.Unlock()
	t, err := s.openRedo(ctx, table, blocks, tip)
	if err != nil {
		return nil, classify(err, "begin to load again", "table "+table.Name)
	}
	return t, nil
}

func (s *Sink) openRedo(ctx context.Context, table *runtime.Table, blocks, tip runtime.Range) (*tx, error) {
	target, err := newTarget(table, s.db.catalog)
	if err != nil {
		return nil, err
	}
	if target.Block == "" {
		return nil, errNoBlock
	}
	if ok, err := target.exists(ctx, s.db.admin, ddl.StateTable); err != nil {
		return nil, err
	} else if !ok {
		return nil, errors.New("nothing is loaded yet")
	}
	if err := target.compare(ctx, s.db.admin); err != nil {
		return nil, err
	}
	t := &tx{sink: s, table: target, convert: newConverter(table.Schema)}
	t.stage = fmt.Sprintf("%s.main.redo_%d", rowsCatalog, s.db.views.Add(1))
	t.settle = func(ctx context.Context, t *tx) error { return s.exchange(ctx, t, blocks, tip) }
	names, _ := target.columns()
	return t, t.open(ctx, fmt.Sprintf("CREATE TABLE %s AS SELECT %s FROM %s LIMIT 0", t.stage, names, target.rows))
}

// exchange puts the rows of t in the place of those that are there.
func (s *Sink) exchange(ctx context.Context, t *tx, blocks, tip runtime.Range) error {
	s.db.commit.Lock()
	defer s.db.commit.Unlock()
	committed, err := t.table.coverage(ctx, s.db.admin, fmt.Sprintf("network = %s", literal(blocks.Network)))
	if err != nil {
		return err
	}
	holder, err := coverage.Redo(committed, blocks, tip)
	if err != nil {
		return err
	}
	where, err := t.table.ownRows(ctx, s.db.admin, t.table.inBlocks(blocks), []coverage.Row{holder})
	if err != nil {
		return err
	}
	if t.table.History {
		where += " AND " + ddl.Quote(ddl.CurrentColumn)
	}
	names, _ := t.table.columns()
	script := fmt.Sprintf("DELETE FROM %[1]s WHERE %[2]s; INSERT INTO %[1]s (%[3]s, %[4]s) SELECT %[3]s, %[5]s FROM %[6]s",
		t.table.rows, where, names, ddl.Quote(ddl.BatchColumn), literal(holder.Batch), t.stage)
	err = transact(ctx, s.db.admin, func() error {
		err := s.db.admin.exec(ctx, script)
		crash.Point(crash.MidRedo)
		return err
	})
	if err == nil {
		s.commits++
		s.db.redos++
	}
	return err
}
