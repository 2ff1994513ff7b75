package duckdb

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/ampgen/ampgen/runtime"
	"github.com/ampgen/ampgen/runtime/blockrange"
	"github.com/ampgen/ampgen/runtime/crash"
	"github.com/ampgen/ampgen/sinks/duckdb/ddl"
)

// Undo is runtime.Sink's. A range that is cut keeps its batch id, by which its rows are tagged.
func (s *Sink) Undo(ctx context.Context, u runtime.Undo) error {
	s.db.commit.Lock()
	defer s.db.commit.Unlock()
	if s.table == nil {
		return classify(errUnprepared, "undo", s.on())
	}
	return classify(s.undo(ctx, u), "undo blocks from "+number(u.From), s.on())
}

func (s *Sink) undo(ctx context.Context, u runtime.Undo) error {
	if s.table.Block == "" {
		return fmt.Errorf("the table has no block column")
	}
	if err := s.checkFence(ctx); err != nil {
		return err
	}
	all, err := s.table.coverage(ctx, s.db.admin, "true")
	if err != nil {
		return err
	}
	affected := slices.Clone(all)
	affected = slices.DeleteFunc(affected, func(c committed) bool { return c.Network != u.Network || c.End < u.From })
	if len(affected) == 0 {
		return nil
	}
	script := []string{s.table.removeRows(u, all, affected)}
	for _, c := range affected {
		script = append(script, s.table.cut(c, u))
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

// removeRows is the statement that deletes the rows of the undone blocks, or marks them. In a table of several networks, they
// are told apart by the units that wrote them.
func (t *target) removeRows(u runtime.Undo, all, affected []committed) string {
	where := fmt.Sprintf("%s >= %s", ddl.Quote(t.Block), number(u.From))
	if slices.ContainsFunc(all, func(c committed) bool { return c.Network != u.Network }) {
		ids := make([]string, len(affected))
		for i, c := range affected {
			ids[i] = literal(c.batch)
		}
		where += fmt.Sprintf(" AND list_has_any(string_split(%s, '|'), [%s])", ddl.Quote(ddl.BatchColumn), strings.Join(ids, ", "))
	}
	if !t.History {
		return fmt.Sprintf("DELETE FROM %s WHERE %s", t.rows, where)
	}
	replacement := "NULL"
	if u.Replacement != "" {
		replacement = literal(u.Replacement)
	}
	return fmt.Sprintf("UPDATE %s SET %s = false, %s = %s WHERE %s AND %[2]s", t.rows, ddl.Quote(ddl.CurrentColumn),
		ddl.Quote(ddl.ReorgColumn), replacement, where)
}

// cut is the statement that takes the undone blocks out of the committed range c.
func (t *target) cut(c committed, u runtime.Undo) string {
	row := fmt.Sprintf("%s AND network = %s AND batch_id = %s AND start_block = %s", t.key, literal(c.Network), literal(c.batch), number(c.Start))
	if c.Start >= u.From {
		return fmt.Sprintf("DELETE FROM %s WHERE %s", t.state, row)
	}
	rest := blockrange.Range{Network: c.Network, Start: c.Start, End: u.From - 1, Hash: u.Hash, PrevHash: c.PrevHash}
	return fmt.Sprintf("UPDATE %s SET end_block = %s, end_hash = %s, end_timestamp = NULL WHERE %s",
		t.state, number(rest.End), literal(rest.StoredHash()), row)
}
