package postgres

import (
	"context"
	"fmt"
	"math"
	"strconv"

	"github.com/jackc/pgx/v5"

	"github.com/ampgen/ampgen/runtime"
	"github.com/ampgen/ampgen/runtime/blockrange"
	"github.com/ampgen/ampgen/sinks/postgres/ddl"
)

// querier is a connection, inside or outside of a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// target is the table that a sink writes with the statements for it and for its state.
type target struct {
	*runtime.Table
	rows, state, fence string // quoted names of the table and of those beside it
	copySQL            string // COPY of the table's columns and the batch id
}

func newTarget(t *runtime.Table) *target {
	names := ""
	for _, f := range t.Schema.Fields() {
		names += ddl.Quote(f.Name) + ", "
	}
	rows := ddl.QuoteName(t.Name)
	return &target{
		Table: t, rows: rows, state: ddl.Beside(t.Name, ddl.StateTable), fence: ddl.Beside(t.Name, ddl.FenceTable),
		copySQL: fmt.Sprintf("COPY %s (%s%s) FROM STDIN (FORMAT binary)", rows, names, ddl.Quote(ddl.BatchColumn)),
	}
}

func (t *target) on() string { return "table " + t.Name }

// exists reports whether there is a relation with the quoted name.
func exists(ctx context.Context, q querier, name string) (bool, error) {
	found, err := queryValue[bool](ctx, q, "SELECT to_regclass($1) IS NOT NULL", name)
	return found, err
}

func queryValue[T any](ctx context.Context, q querier, sql string, args ...any) (T, error) {
	rows, err := q.Query(ctx, sql, args...)
	if err != nil {
		var zero T
		return zero, err
	}
	return pgx.CollectExactlyOneRow(rows, pgx.RowTo[T])
}

// coverageSQL selects the pipeline's committed ranges. end_timestamp is read by way of JSON since a table that the Python
// loader made lacks the column.
func (t *target) coverageSQL() string {
	return fmt.Sprintf(`SELECT network, batch_id, start_block, end_block, coalesce(end_hash, ''), coalesce(start_parent_hash, ''),
			coalesce((to_jsonb(s) ->> 'end_timestamp')::bigint, 0)
		FROM %s s WHERE connection_name = $1 AND table_name = $2`, t.state)
}

const coverageOrder = " ORDER BY network, start_block"

// coverage reads all committed ranges by network and start.
func (t *target) coverage(ctx context.Context, q querier) ([]committed, error) {
	rows, err := q.Query(ctx, t.coverageSQL()+coverageOrder, t.Pipeline, t.Name)
	return collectCommitted(rows, err)
}

// admission reads what admit needs: the committed ranges that share blocks with one of ranges.
func (t *target) overlapping(ctx context.Context, q querier, ranges []runtime.Range) ([]committed, error) {
	networks, starts, ends := make([]string, len(ranges)), make([]int64, len(ranges)), make([]int64, len(ranges))
	for i, r := range ranges {
		networks[i], starts[i], ends[i] = r.Network, int64(r.Start), int64(r.End)
	}
	rows, err := q.Query(ctx, t.coverageSQL()+` AND EXISTS (
			SELECT FROM unnest($3::text[], $4::bigint[], $5::bigint[]) AS u (network, start_block, end_block)
			WHERE s.network = u.network AND s.end_block >= u.start_block AND s.start_block <= u.end_block)`+coverageOrder,
		t.Pipeline, t.Name, networks, starts, ends)
	return collectCommitted(rows, err)
}

// reaching reads the committed ranges of a network that end at or after a block.
func (t *target) reaching(ctx context.Context, q querier, network string, block uint64) ([]committed, error) {
	if block > math.MaxInt64 {
		return nil, nil
	}
	rows, err := q.Query(ctx, t.coverageSQL()+" AND network = $3 AND end_block >= $4"+coverageOrder, t.Pipeline, t.Name, network, int64(block))
	return collectCommitted(rows, err)
}

func collectCommitted(rows pgx.Rows, err error) ([]committed, error) {
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (committed, error) {
		var network, batch, hash, prevHash string
		var start, end, timestamp int64
		if err := row.Scan(&network, &batch, &start, &end, &hash, &prevHash, &timestamp); err != nil {
			return committed{}, err
		}
		r := blockrange.FromStored(network, uint64(start), uint64(end), hash, prevHash)
		r.Timestamp = timestamp
		return committed{Range: r, batch: batch}, nil
	})
}

// insertCoverage queues the statement that adds ranges to the coverage.
func (t *target) insertCoverage(batch *pgx.Batch, ranges []runtime.Range) {
	for _, r := range ranges {
		batch.Queue(fmt.Sprintf(`INSERT INTO %s (connection_name, table_name, network, batch_id, start_block, end_block,
				end_hash, start_parent_hash, end_timestamp)
			VALUES ($1, $2, $3, $4, $5, $6, $7, nullif($8, ''), nullif($9, 0))`, t.state),
			t.Pipeline, t.Name, r.Network, r.ID(), int64(r.Start), int64(r.End), r.StoredHash(), r.PrevHash, r.Timestamp)
	}
}

// fenceState is who may commit.
type fenceState struct {
	Epoch  int64
	Holder string
}

// readFence reads the fence, all zero before anyone took it. With lock no one else takes it, commits or undoes until the
// transaction ends.
func (t *target) readFence(ctx context.Context, q querier, lock bool) (fenceState, error) {
	sql := fmt.Sprintf("SELECT epoch, holder FROM %s WHERE connection_name = $1 AND table_name = $2", t.fence)
	if lock {
		sql += " FOR UPDATE"
	}
	rows, err := q.Query(ctx, sql, t.Pipeline, t.Name)
	if err != nil {
		return fenceState{}, err
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[fenceState])
	if err != nil || len(found) == 0 {
		return fenceState{}, err
	}
	return found[0], nil
}

// takeFence makes holder the one who may commit and returns its epoch.
func (t *target) takeFence(ctx context.Context, q querier, holder string) (int64, error) {
	return queryValue[int64](ctx, q, fmt.Sprintf(`INSERT INTO %s AS f (connection_name, table_name, epoch, holder) VALUES ($1, $2, 1, $3)
		ON CONFLICT (connection_name, table_name) DO UPDATE SET epoch = f.epoch + 1, holder = excluded.holder, taken_at = now()
		RETURNING epoch`, t.fence), t.Pipeline, t.Name, holder)
}

// checkFence fails unless epoch is the newest one.
func (t *target) checkFence(ctx context.Context, q querier, epoch int64, lock bool) error {
	f, err := t.readFence(ctx, q, lock)
	if err != nil || f.Epoch == epoch {
		return err
	}
	return &runtime.Error{Class: runtime.Fenced, Op: "commit", On: t.on(),
		Err:  fmt.Errorf("another instance, %s, loads pipeline %s since epoch %d; this one has epoch %d", f.Holder, t.Pipeline, f.Epoch, epoch),
		Help: "stop one of the two"}
}

// checkRanges refuses ranges that the state's bigint columns cannot hold.
func checkRanges(ranges []runtime.Range) error {
	for _, r := range ranges {
		switch {
		case r.End < r.Start:
			return fmt.Errorf("range %s ends before it starts", r)
		case r.End > math.MaxInt64:
			return fmt.Errorf("range %s has blocks beyond %s, which the state cannot hold", r, strconv.FormatInt(math.MaxInt64, 10))
		}
	}
	return nil
}
