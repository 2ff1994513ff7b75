package duckdb

import (
	"context"
	"fmt"
	"strings"

	"github.com/ampgen/ampgen/runtime"
	"github.com/ampgen/ampgen/runtime/coverage"
	"github.com/ampgen/ampgen/runtime/crash"
	"github.com/ampgen/ampgen/sinks/duckdb/ddl"
)

// Undo is runtime.Sink's. A range that is cut keeps its batch id, by which its rows are tagged.
func (s *Sink) Undo(ctx context.Context, u runtime.Undo) error {
	if s.table == nil {
		return classify(errUnprepared, "undo", s.on())
	}
	s.db.commit.Lock()
	defer s.db.commit.Unlock()
	return classify(s.undo(ctx, u), "undo blocks from "+number(u.From), s.on())
}

func (s *Sink) undo(ctx context.Context, u runtime.Undo) error {
	if s.table.Block == "" {
		return errNoBlock
	}
	if err := s.checkFence(ctx); err != nil {
		return err
	}
	all, err := s.table.coverage(ctx, s.db.admin, "true")
	if err != nil {
		return err
	}
	script, err := s.takeOut(ctx, u, coverage.Undo(all, u.Network, u.From, u.Hash))
	if err != nil || len(script) == 0 {
		return err
	}
	err = transact(ctx, s.db.admin, func() error {
		err := s.db.admin.exec(ctx, strings.Join(script, "; "))
		crash.Point(crash.MidUndo)
		return err
	})
	if err == nil {
		s.commits++
	}
	return err
}

// takeOut are the statements that take out of coverage and rows what u undoes, which changes the coverage so.
func (s *Sink) takeOut(ctx context.Context, u runtime.Undo, change coverage.Change) ([]string, error) {
	t, script := s.table, s.table.change(change)
	undone := change.Undone(u.From)
	if len(undone) == 0 && !t.Stateless {
		return script, nil
	}
	where, err := t.ownRows(ctx, s.db.admin, fmt.Sprintf("%s >= %s", ddl.Quote(t.Block), number(u.From)), undone)
	if err != nil {
		return nil, err
	}
	if t.History {
		return append(script, fmt.Sprintf("UPDATE %s SET %s = false WHERE %s AND %[2]s", t.rows, ddl.Quote(ddl.CurrentColumn), where)), nil
	}
	return append(script, fmt.Sprintf("DELETE FROM %s WHERE %s", t.rows, where)), nil
}

// ownRows is the condition that picks, of the rows of some blocks, those that committed, of one network, has. Where the table
// has rows of other networks or pipelines, they are told apart by the units that wrote them.
func (t *target) ownRows(ctx context.Context, c *conn, inBlocks string, committed []coverage.Row) (where string, err error) {
	if t.Stateless {
		return inBlocks, nil // nobody knows whose rows they are
	}
	others, err := c.query(ctx, fmt.Sprintf("SELECT network FROM %s WHERE table_name = %s AND (connection_name <> %s OR network <> %s) LIMIT 1",
		t.state, literal(t.Name), literal(t.Pipeline), literal(committed[0].Network)))
	if err != nil || len(others) == 0 {
		return inBlocks, err
	}
	ids := make([]string, len(committed))
	for i, c := range committed {
		if c.Units > 1 {
			return "", t.inseparable(fmt.Sprintf("the ranges that %s was merged from are not known apart any more", c.Range))
		}
		ids[i] = literal(c.Batch)
	}
	where = fmt.Sprintf("%s AND list_has_any(string_split(%s, '|'), [%s])", inBlocks, ddl.Quote(ddl.BatchColumn), strings.Join(ids, ", "))
	mixed, err := c.query(ctx, fmt.Sprintf("SELECT 'yes' FROM %s WHERE %s AND contains(%s, '|') LIMIT 1", t.rows, where, ddl.Quote(ddl.BatchColumn)))
	if err == nil && len(mixed) > 0 {
		err = t.inseparable("the rows were loaded together with those of other networks")
	}
	return where, err
}

func (t *target) inseparable(why string) error {
	return &runtime.Error{Class: runtime.Permanent, Op: "remove rows", On: "table " + t.Name,
		Err:  fmt.Errorf("the table has rows of other networks or pipelines, and those of these blocks cannot be told apart from them: %s", why),
		Help: "load each network by a query and into a table of its own"}
}

// nameReplacement are the statements that write u's id to the rows of a history table that u replaces: those of its blocks that
// an undo marked and nothing has replaced since.
func (t *target) nameReplacement(u runtime.Unit) []string {
	var script []string
	for _, r := range u.Ranges {
		script = append(script, fmt.Sprintf("UPDATE %s SET %s = %s WHERE NOT %s AND %[2]s IS NULL AND %[5]s",
			t.rows, ddl.Quote(ddl.ReorgColumn), literal(u.ID()), ddl.Quote(ddl.CurrentColumn), t.inBlocks(r)))
	}
	return script
}

func (t *target) inBlocks(r runtime.Range) string {
	return fmt.Sprintf("%s BETWEEN %s AND %s", ddl.Quote(t.Block), number(r.Start), number(r.End))
}
