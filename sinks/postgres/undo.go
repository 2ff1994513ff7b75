package postgres

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/jackc/pgx/v5"

	"github.com/ampgen/ampgen/runtime"
	"github.com/ampgen/ampgen/runtime/coverage"
	"github.com/ampgen/ampgen/runtime/crash"
	"github.com/ampgen/ampgen/sinks/postgres/ddl"
)

// Undo is runtime.Sink's. Its cost is that of the rows removed, which the block index finds.
func (s *Sink) Undo(ctx context.Context, u runtime.Undo) error {
	if err := s.prepared(); err != nil {
		return err
	}
	op := "undo blocks from " + strconv.FormatUint(u.From, 10)
	return classify(op, s.table.on(), s.transact(ctx, op, s.table.on(), func(conn *pgx.Conn) error { return s.undo(ctx, conn, u) }))
}

func (s *Sink) undo(ctx context.Context, conn *pgx.Conn, u runtime.Undo) error {
	t := s.table
	if t.Block == "" {
		return errors.New("the table has no block column")
	}
	if err := t.checkFence(ctx, conn, s.epoch, true); err != nil {
		return err
	}
	reaching, err := t.reaching(ctx, conn, u.Network, max(u.From, 1)-1)
	if err != nil {
		return err
	}
	return t.takeOut(ctx, conn, u, coverage.Undo(reaching, u.Network, u.From, u.Hash))
}

// takeOut takes out of rows and coverage what u undoes, which changes the coverage so.
func (t *target) takeOut(ctx context.Context, conn *pgx.Conn, u runtime.Undo, change coverage.Change) error {
	if undone := change.Undone(u.From); len(undone) > 0 || t.Stateless {
		if err := t.removeRows(ctx, conn, u, undone); err != nil {
			return err
		}
	}
	crash.Point(crash.MidUndo)
	batch := &pgx.Batch{}
	t.change(batch, change)
	return conn.SendBatch(ctx, batch).Close()
}

// removeRows deletes or marks the rows of the undone blocks.
func (t *target) removeRows(ctx context.Context, conn *pgx.Conn, u runtime.Undo, undone []coverage.Row) error {
	where, args, err := t.ownRows(ctx, conn, u.From, math.MaxUint64, undone)
	if err != nil {
		return err
	}
	statement := fmt.Sprintf("DELETE FROM %s WHERE %s", t.rows, where)
	if t.History {
		statement = fmt.Sprintf("UPDATE %s SET %s = false WHERE %s AND %[2]s", t.rows, ddl.Quote(ddl.CurrentColumn), where)
	}
	_, err = conn.Exec(ctx, statement, args...)
	return err
}

// ownRows is the condition that picks the rows of blocks from first to last, which committed, of one network, has. Where the
// table has rows of other networks or pipelines, they are told apart by the units that wrote them.
func (t *target) ownRows(ctx context.Context, conn *pgx.Conn, first, last uint64, committed []coverage.Row) (where string, args []any, err error) {
	where = t.inBlocks(first, last)
	if t.Stateless {
		return where, nil, nil // nobody knows whose rows they are
	}
	shared, err := queryValue[bool](ctx, conn, fmt.Sprintf(
		"SELECT EXISTS (SELECT FROM %s WHERE table_name = $1 AND (connection_name <> $2 OR network <> $3))", t.state), t.Name, t.Pipeline, committed[0].Network)
	if err != nil || !shared {
		return where, nil, err
	}
	ids := make([]string, len(committed))
	for i, c := range committed {
		if c.Units > 1 {
			return "", nil, t.inseparable(fmt.Sprintf("the ranges that %s was merged from are not known apart any more", c.Range))
		}
		ids[i] = c.Batch
	}
	where += fmt.Sprintf(" AND string_to_array(%s, '|') && $1::text[]", ddl.Quote(ddl.BatchColumn))
	return where, []any{ids}, t.checkSeparable(ctx, conn, where, ids)
}

// checkSeparable refuses to remove rows of units that cover several networks: nothing in such a row says whose block it is of.
func (t *target) checkSeparable(ctx context.Context, conn *pgx.Conn, where string, ids []string) error {
	mixed, err := queryValue[bool](ctx, conn, fmt.Sprintf(
		"SELECT EXISTS (SELECT FROM %s WHERE %s AND strpos(%s, '|') > 0)", t.rows, where, ddl.Quote(ddl.BatchColumn)), ids)
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

// inBlocks is the condition on the block column for blocks from first to last. The literals have the column's type, so that its
// index can be used.
func (t *target) inBlocks(first, last uint64) string {
	typ, largest := t.blockType()
	if first > largest {
		return "false"
	}
	column := ddl.Quote(t.Block)
	where := fmt.Sprintf("%s >= '%d'::%s", column, first, typ)
	if last < largest {
		where += fmt.Sprintf(" AND %s <= '%d'::%s", column, last, typ)
	}
	return where
}

// blockType is the block column's type for literals, and the largest block that the column can hold.
func (t *target) blockType() (typ string, largest uint64) {
	fields, _ := t.Schema.FieldsByName(t.Block)
	typ, _ = ddl.ColumnType(fields[0])
	largest = math.MaxUint64
	switch fields[0].Type.ID() {
	case arrow.INT8, arrow.UINT8, arrow.INT16:
		largest = math.MaxInt16
	case arrow.UINT16, arrow.INT32:
		largest = math.MaxInt32
	case arrow.UINT32, arrow.INT64:
		largest = math.MaxInt64
	}
	if arrow.IsDecimal(fields[0].Type.ID()) {
		typ = "numeric" // without a precision that the literal would have to fit into
	}
	return typ, largest
}

// nameReplacement queues the statements that write u's id to the rows of a history table that u replaces: those of its blocks
// that an undo marked and nothing has replaced since.
func (t *target) nameReplacement(batch *pgx.Batch, u runtime.Unit) {
	for _, r := range u.Ranges {
		batch.Queue(fmt.Sprintf("UPDATE %s SET %s = $1 WHERE NOT %s AND %[2]s IS NULL AND %[4]s",
			t.rows, ddl.Quote(ddl.ReorgColumn), ddl.Quote(ddl.CurrentColumn), t.inBlocks(r.Start, r.End)), u.ID())
	}
}
