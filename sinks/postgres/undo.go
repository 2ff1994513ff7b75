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
	"github.com/ampgen/ampgen/runtime/blockrange"
	"github.com/ampgen/ampgen/runtime/crash"
	"github.com/ampgen/ampgen/sinks/postgres/ddl"
)

// Undo is runtime.Sink's. Its cost is that of the rows removed, which the block index finds.
func (s *Sink) Undo(ctx context.Context, u runtime.Undo) error {
	if err := s.prepared(); err != nil {
		return err
	}
	op := "undo blocks from " + strconv.FormatUint(u.From, 10)
	return classify(op, s.table.on(), s.transact(ctx, func(conn *pgx.Conn) error { return s.undo(ctx, conn, u) }))
}

func (s *Sink) undo(ctx context.Context, conn *pgx.Conn, u runtime.Undo) error {
	t := s.table
	if t.Block == "" {
		return errors.New("the table has no block column")
	}
	if err := t.checkFence(ctx, conn, s.epoch, true); err != nil {
		return err
	}
	affected, err := t.reaching(ctx, conn, u.Network, u.From)
	if err != nil || len(affected) == 0 {
		return err
	}
	if err := t.removeRows(ctx, conn, u, affected); err != nil {
		return err
	}
	crash.Point(crash.MidUndo)
	batch := &pgx.Batch{}
	for _, c := range affected {
		t.cut(batch, c, u)
	}
	return conn.SendBatch(ctx, batch).Close()
}

// removeRows deletes or marks the rows of the undone blocks. Where the table has rows of other networks or pipelines, they
// are told apart by the units that wrote them.
func (t *target) removeRows(ctx context.Context, conn *pgx.Conn, u runtime.Undo, affected []committed) error {
	bound, ok := t.blockBound(u.From)
	if !ok {
		return nil
	}
	where := fmt.Sprintf("%s >= %s", ddl.Quote(t.Block), bound)
	shared, err := queryValue[bool](ctx, conn, fmt.Sprintf(
		"SELECT EXISTS (SELECT FROM %s WHERE table_name = $1 AND (connection_name <> $2 OR network <> $3))", t.state), t.Name, t.Pipeline, u.Network)
	if err != nil {
		return err
	}
	args := []any{}
	if shared {
		ids := make([]string, len(affected))
		for i, c := range affected {
			ids[i] = c.batch
		}
		args = append(args, ids)
		where += fmt.Sprintf(" AND string_to_array(%s, '|') && $1::text[]", ddl.Quote(ddl.BatchColumn))
		if err := t.checkSeparable(ctx, conn, where, ids); err != nil {
			return err
		}
	}
	statement := fmt.Sprintf("DELETE FROM %s WHERE %s", t.rows, where)
	if t.History {
		args = append(args, u.Replacement)
		statement = fmt.Sprintf("UPDATE %s SET %s = false, %s = nullif($%d::text, '') WHERE %s AND %[2]s",
			t.rows, ddl.Quote(ddl.CurrentColumn), ddl.Quote(ddl.ReorgColumn), len(args), where)
	}
	_, err = conn.Exec(ctx, statement, args...)
	return err
}

// checkSeparable refuses to remove rows of units that cover several networks: nothing in such a row says whose block it is of.
func (t *target) checkSeparable(ctx context.Context, conn *pgx.Conn, where string, ids []string) error {
	mixed, err := queryValue[bool](ctx, conn, fmt.Sprintf(
		"SELECT EXISTS (SELECT FROM %s WHERE %s AND strpos(%s, '|') > 0)", t.rows, where, ddl.Quote(ddl.BatchColumn)), ids)
	if err != nil || !mixed {
		return err
	}
	return &runtime.Error{Class: runtime.Permanent, Op: "undo", On: t.on(),
		Err:  errors.New("the rows were loaded together with those of other networks and cannot be told apart"),
		Help: "load each network with a query of its own"}
}

// blockBound is from as a literal of the block column's type, so that the column's index can be used. It reports false if
// the column cannot hold so large a block, and therefore no row can be at or after it.
func (t *target) blockBound(from uint64) (literal string, ok bool) {
	fields, _ := t.Schema.FieldsByName(t.Block)
	typ, _ := ddl.ColumnType(fields[0])
	largest := uint64(math.MaxUint64)
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
	return fmt.Sprintf("'%d'::%s", from, typ), from <= largest
}

// cut queues the statement that takes the undone blocks out of the committed range c. What is left of it keeps the batch id,
// by which its rows are tagged.
func (t *target) cut(batch *pgx.Batch, c committed, u runtime.Undo) {
	const key = " WHERE connection_name = $1 AND table_name = $2 AND network = $3 AND batch_id = $4"
	args := []any{t.Pipeline, t.Name, c.Network, c.batch}
	if c.Start >= u.From {
		batch.Queue("DELETE FROM "+t.state+key, args...)
		return
	}
	rest := blockrange.Range{Network: c.Network, Start: c.Start, End: u.From - 1, Hash: u.Hash}
	batch.Queue("UPDATE "+t.state+" SET end_block = $5, end_hash = $6, end_timestamp = NULL"+key,
		append(args, int64(rest.End), rest.StoredHash())...)
}
