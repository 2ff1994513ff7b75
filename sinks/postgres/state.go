package postgres

import (
	"context"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ampgen/ampgen/runtime"
	"github.com/ampgen/ampgen/runtime/blockrange"
	"github.com/ampgen/ampgen/runtime/coverage"
	"github.com/ampgen/ampgen/runtime/crash"
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
	out := &target{Table: t, rows: ddl.QuoteName(t.Name), state: ddl.Beside(t.Name, ddl.StateTable), fence: ddl.Beside(t.Name, ddl.FenceTable)}
	out.copySQL = fmt.Sprintf("COPY %s (%s, %s) FROM STDIN (FORMAT binary)", out.rows, out.columnNames(), ddl.Quote(ddl.BatchColumn))
	return out
}

// columnNames are the quoted names of the table's own columns, in the order of its schema.
func (t *target) columnNames() string {
	names := make([]string, t.Schema.NumFields())
	for i, f := range t.Schema.Fields() {
		names[i] = ddl.Quote(f.Name)
	}
	return strings.Join(names, ", ")
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

// coverageSQL selects the pipeline's committed ranges. The last two columns are read by way of JSON since a table that the
// Python loader made lacks them.
func (t *target) coverageSQL() string {
	return fmt.Sprintf(`SELECT network, batch_id, start_block, end_block, coalesce(end_hash, ''), coalesce(start_parent_hash, ''),
			coalesce((to_jsonb(s) ->> 'end_timestamp')::bigint, 0), coalesce((to_jsonb(s) ->> 'units')::bigint, 1)
		FROM %s s WHERE connection_name = $1 AND table_name = $2`, t.state)
}

const coverageOrder = " ORDER BY network, start_block"

// coverage reads all committed ranges by network and start.
func (t *target) coverage(ctx context.Context, q querier) ([]coverage.Row, error) {
	if t.Stateless {
		return nil, nil
	}
	rows, err := q.Query(ctx, t.coverageSQL()+coverageOrder, t.Pipeline, t.Name)
	return collectRows(rows, err)
}

// changed is when the coverage last changed, as far as its rows say; zero if there are none.
func (t *target) changed(ctx context.Context, q querier) (time.Time, error) {
	at, err := queryValue[*time.Time](ctx, q, "SELECT max(processed_at) FROM "+t.state+" WHERE connection_name = $1 AND table_name = $2",
		t.Pipeline, t.Name)
	if err != nil || at == nil {
		return time.Time{}, err
	}
	return *at, nil
}

// overlapping reads the committed ranges that share blocks with one of ranges. The index on end_block finds them.
func (t *target) overlapping(ctx context.Context, q querier, ranges []runtime.Range) ([]coverage.Row, error) {
	if t.Stateless {
		return nil, nil
	}
	where, args := "false", []any{t.Pipeline, t.Name}
	for _, r := range ranges {
		n := len(args)
		where += fmt.Sprintf(" OR network = $%d AND end_block >= $%d AND start_block <= $%d", n+1, n+2, n+3)
		args = append(args, r.Network, int64(r.Start), int64(r.End))
	}
	rows, err := q.Query(ctx, t.coverageSQL()+" AND ("+where+")"+coverageOrder, args...)
	return collectRows(rows, err)
}

// reaching reads the committed ranges of a network that end at or after a block.
func (t *target) reaching(ctx context.Context, q querier, network string, block uint64) ([]coverage.Row, error) {
	if t.Stateless || block > math.MaxInt64 {
		return nil, nil
	}
	rows, err := q.Query(ctx, t.coverageSQL()+" AND network = $3 AND end_block >= $4"+coverageOrder, t.Pipeline, t.Name, network, int64(block))
	return collectRows(rows, err)
}

func collectRows(rows pgx.Rows, err error) ([]coverage.Row, error) {
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (coverage.Row, error) {
		var network, batch, hash, prevHash string
		var start, end, timestamp, units int64
		if err := row.Scan(&network, &batch, &start, &end, &hash, &prevHash, &timestamp, &units); err != nil {
			return coverage.Row{}, err
		}
		r := blockrange.FromStored(network, uint64(start), uint64(end), hash, prevHash)
		r.Timestamp = timestamp
		return coverage.Row{Range: r, Batch: batch, Units: uint64(units)}, nil
	})
}

// change queues the statements that change the coverage.
func (t *target) change(batch *pgx.Batch, c coverage.Change) {
	if t.Stateless {
		return
	}
	if len(c.Remove) > 0 {
		networks, ids := make([]string, len(c.Remove)), make([]string, len(c.Remove))
		for i, r := range c.Remove {
			networks[i], ids[i] = r.Network, r.Batch
		}
		batch.Queue(fmt.Sprintf(`DELETE FROM %s WHERE connection_name = $1 AND table_name = $2
				AND (network, batch_id) IN (SELECT * FROM unnest($3::text[], $4::text[]))`, t.state), t.Pipeline, t.Name, networks, ids)
	}
	for _, r := range c.Add {
		batch.Queue(fmt.Sprintf(`INSERT INTO %s (connection_name, table_name, network, batch_id, start_block, end_block,
				end_hash, start_parent_hash, end_timestamp, units)
			VALUES ($1, $2, $3, $4, $5, $6, $7, nullif($8, ''), nullif($9, 0), $10)`, t.state),
			t.Pipeline, t.Name, r.Network, r.Batch, int64(r.Start), int64(r.End), r.StoredHash(), r.PrevHash, r.Timestamp, int64(r.Units))
	}
}

// forget queues the statement that empties the coverage.
func (t *target) forget(batch *pgx.Batch) {
	if !t.Stateless {
		batch.Queue("DELETE FROM "+t.state+" WHERE connection_name = $1 AND table_name = $2", t.Pipeline, t.Name)
	}
}

// compact merges the old part of the coverage.
func (t *target) compact(ctx context.Context, conn *pgx.Conn) error {
	rows, err := t.coverage(ctx, conn)
	if err != nil {
		return err
	}
	batch := &pgx.Batch{}
	t.change(batch, coverage.Compact(rows))
	err = conn.SendBatch(ctx, batch).Close()
	crash.Point(crash.DuringCompaction)
	return err
}

// compactSometimes is called in every commit, and compacts in a few of them.
func (s *Sink) compactSometimes(ctx context.Context, conn *pgx.Conn) error {
	if s.table.Stateless || s.commits.Add(1)%coverage.CompactEvery != 0 {
		return nil
	}
	return s.table.compact(ctx, conn)
}

// checkState refuses to make a table of which the state says that it has rows: they are gone, and nothing would load them again. And
// it refuses to load into such a table without the state, which would then say what is not so.
func (t *target) checkState(ctx context.Context, q querier, tableExists bool) error {
	if tableExists && !t.Stateless {
		return nil
	}
	found, err := exists(ctx, q, t.state)
	if err != nil || !found {
		return err
	}
	loaded, err := queryValue[bool](ctx, q, "SELECT EXISTS (SELECT FROM "+t.state+" WHERE table_name = $1)", t.Name)
	if err != nil || !loaded {
		return err
	}
	forget := fmt.Sprintf("DELETE FROM %s WHERE table_name = '%s'", t.state, strings.ReplaceAll(t.Name, "'", "''"))
	if tableExists {
		return &runtime.Error{Class: runtime.Permanent, Op: "prepare", On: t.on(),
			Err:  fmt.Errorf("%s says which blocks it has, and would be wrong after a load that keeps no state there", t.state),
			Help: "load with --state sink; or empty the table and run " + forget}
	}
	return &runtime.Error{Class: runtime.Drift, Op: "prepare", On: t.on(),
		Err:  fmt.Errorf("it does not exist, and %s has blocks that were loaded into it", t.state),
		Help: "restore it, or run " + forget + " to load it from the start"}
}

// checkAlone refuses to share a history table: nothing in its marked rows says which pipeline is to name their replacement.
func (t *target) checkAlone(ctx context.Context, q querier) error {
	if !t.History {
		return nil
	}
	rows, err := q.Query(ctx, "SELECT connection_name FROM "+t.fence+" WHERE table_name = $1 AND connection_name <> $2 LIMIT 1", t.Name, t.Pipeline)
	if err != nil {
		return err
	}
	others, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(others) == 0 {
		return err
	}
	return &runtime.Error{Class: runtime.Permanent, Op: "prepare", On: t.on(),
		Err:  fmt.Errorf("it is a history table that pipeline %s loads, and pipeline %s cannot load it too", others[0], t.Pipeline),
		Help: "give each pipeline a history table of its own"}
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
	if t.Stateless {
		return nil
	}
	f, err := t.readFence(ctx, q, lock)
	if err != nil || f.Epoch == epoch {
		return err
	}
	return &runtime.Error{Class: runtime.Fenced, Op: "commit", On: t.on(),
		Err:  fmt.Errorf("another instance, %s, loads pipeline %s since epoch %d; this one has epoch %d", f.Holder, t.Pipeline, f.Epoch, epoch),
		Help: "stop one of the two"}
}
