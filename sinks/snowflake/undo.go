package snowflake

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/ampgen/ampgen/runtime"
	"github.com/ampgen/ampgen/runtime/coverage"
	"github.com/ampgen/ampgen/runtime/crash"
	"github.com/ampgen/ampgen/sinks/snowflake/ddl"
)

// Undo is runtime.Sink's. Snowflake finds the rows by the least and greatest block of each of its partitions; rows arrive in the
// order of blocks, so it looks at few others.
func (s *Sink) Undo(ctx context.Context, u runtime.Undo) error {
	if err := s.prepared(); err != nil {
		return err
	}
	op, on := "undo blocks from "+strconv.FormatUint(u.From, 10), s.table.on()
	if s.table.Block == "" {
		return classify(op, on, errors.New("the table has no block column"))
	}
	return classify(op, on, s.pool.transact(ctx, op, on, func(c *session) error {
		if err := s.table.holdFence(ctx, c, s.epoch); err != nil {
			return err
		}
		return s.table.undo(ctx, c, u)
	}))
}

// undo takes out what u undoes, in a transaction that holds the fence.
func (t *target) undo(ctx context.Context, c *session, u runtime.Undo) error {
	reaching, err := t.reaching(ctx, c, u.Network, max(u.From, 1)-1)
	if err != nil {
		return err
	}
	return t.takeOut(ctx, c, u, coverage.Undo(reaching, u.Network, u.From, u.Hash))
}

// takeOut takes out of rows and coverage what u undoes, which changes the coverage so.
func (t *target) takeOut(ctx context.Context, c *session, u runtime.Undo, change coverage.Change) error {
	if undone := change.Undone(u.From); len(undone) > 0 || t.Stateless {
		where, args, err := t.ownRows(ctx, c, u.From, math.MaxUint64, undone)
		if err != nil {
			return err
		}
		if err := t.removeRows(ctx, c, where, args); err != nil {
			return err
		}
	}
	crash.Point(crash.MidUndo)
	return t.change(ctx, c, change)
}

// removeRows deletes or marks rows.
func (t *target) removeRows(ctx context.Context, c *session, where string, args []any) error {
	statement := fmt.Sprintf("DELETE FROM %s WHERE %s", t.rows, where)
	if t.History {
		statement = fmt.Sprintf("UPDATE %s SET %s = FALSE WHERE %s AND %[2]s", t.rows, ddl.Quote(ddl.CurrentColumn), where)
	}
	_, err := c.exec(ctx, statement, args...)
	return err
}

// ownRows is the condition that picks the rows of blocks from first to last, which committed, of one network, has. Where the
// table has rows of other networks or pipelines, they are told apart by the units that wrote them.
func (t *target) ownRows(ctx context.Context, c *session, first, last uint64, committed []coverage.Row) (where string, args []any, err error) {
	where = t.inBlocks(first, last)
	if t.Stateless {
		return where, nil, nil
	}
	others, err := c.count(ctx, fmt.Sprintf(`SELECT COUNT(*) FROM %s WHERE "TABLE_NAME" = ? AND ("CONNECTION_NAME" <> ? OR "NETWORK" <> ?)`, t.state),
		t.Name, t.Pipeline, committed[0].Network)
	if err != nil || others == 0 {
		return where, nil, err
	}
	ids := make([]any, len(committed))
	for i, r := range committed {
		if r.Units > 1 {
			return "", nil, t.inseparable(fmt.Sprintf("the ranges that %s was merged from are not known apart any more", r.Range))
		}
		ids[i] = r.Batch
	}
	if err := t.checkSeparable(ctx, c, where, ids); err != nil {
		return "", nil, err
	}
	return fmt.Sprintf("%s AND %s IN (%s)", where, ddl.Quote(ddl.BatchColumn), marks(len(ids))), ids, nil
}

// checkSeparable refuses to remove rows of units that cover several networks: nothing in such a row says whose block it is of.
func (t *target) checkSeparable(ctx context.Context, c *session, where string, ids []any) error {
	mixed := false
	err := c.query(ctx, func(scan func(...any) error) error {
		var tag string
		if err := scan(&tag); err != nil {
			return err
		}
		mixed = mixed || slices.ContainsFunc(strings.Split(tag, "|"), func(id string) bool { return slices.Contains(ids, any(id)) })
		return nil
	}, fmt.Sprintf("SELECT DISTINCT %s FROM %s WHERE %s AND CONTAINS(%[1]s, '|')", ddl.Quote(ddl.BatchColumn), t.rows, where))
	if err != nil || !mixed {
		return err
	}
	return t.inseparable("the rows were loaded together with those of other networks")
}

func (t *target) inseparable(why string) error {
	return &runtime.Error{Class: runtime.Permanent, Op: "remove rows", On: t.on(),
		Err:  fmt.Errorf("the table has rows of other networks or pipelines, and those of these blocks cannot be told apart from them: %s", why),
		Help: "load each network by a query and into a table of its own"}
}

// inBlocks is the condition on the block column for blocks from first to last.
func (t *target) inBlocks(first, last uint64) string {
	column := ddl.QuoteColumn(t.Block)
	where := fmt.Sprintf("%s >= %d", column, first)
	if last < math.MaxUint64 {
		where += fmt.Sprintf(" AND %s <= %d", column, last)
	}
	return where
}

// nameReplacement writes u's id to the rows of a history table that u replaces: those of its blocks that an undo marked and
// nothing has replaced since.
func (t *target) nameReplacement(ctx context.Context, c *session, u runtime.Unit) error {
	for _, r := range u.Ranges {
		_, err := c.exec(ctx, fmt.Sprintf("UPDATE %s SET %s = ? WHERE NOT %s AND %[2]s IS NULL AND %[4]s",
			t.rows, ddl.Quote(ddl.ReorgColumn), ddl.Quote(ddl.CurrentColumn), t.inBlocks(r.Start, r.End)), u.ID())
		if err != nil {
			return err
		}
	}
	return nil
}
