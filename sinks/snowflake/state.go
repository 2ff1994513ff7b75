package snowflake

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/ampgen/ampgen/runtime"
	"github.com/ampgen/ampgen/runtime/blockrange"
	"github.com/ampgen/ampgen/runtime/coverage"
	"github.com/ampgen/ampgen/runtime/crash"
	"github.com/ampgen/ampgen/sinks/snowflake/ddl"
)

// target is the table that a sink writes, with the names for statements about it and what is beside it.
type target struct {
	*runtime.Table
	ddl                       ddl.Table
	name                      ddl.Name // in full
	rows, state, fence, stage string   // in full, quoted
	// folder is where the stage has the files of this pipeline and table, ending in a slash.
	folder string
	// younger says that the state lacks the columns that this loader adds to the Python loader's, as before Prepare it may.
	younger bool
}

// newTarget completes the table's name by the session's database and schema.
func (s *Sink) newTarget(t *runtime.Table) (*target, error) {
	table := ddlTable(t, s.config.Uint256)
	table.Session = ddl.Name{Database: s.database, Schema: s.schema}
	name, err := table.FullName()
	if err != nil {
		return nil, &runtime.Error{Class: runtime.Permanent, Op: "find the table", On: "table " + t.Name, Err: err}
	}
	return &target{Table: t, ddl: table, name: name, rows: name.String(),
		state: name.Beside(ddl.StateTable).String(), fence: name.Beside(ddl.FenceTable).String(), stage: name.Beside(ddl.StageName).String(),
		folder: pathPart(t.Pipeline) + "/" + pathPart(name.Object) + "/"}, nil
}

func (t *target) on() string { return "table " + t.Name }

// allColumns are the quoted names of the table's columns that rows are loaded into.
func (t *target) allColumns() string {
	columns := ddl.Columns(t.ddl)
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = ddl.Quote(c.Name)
	}
	return strings.Join(names, ", ")
}

// own is the condition that picks the pipeline's rows of state and fence, with own's arguments.
const own = `"CONNECTION_NAME" = ? AND "TABLE_NAME" = ?`

func (t *target) own(more ...any) []any { return append([]any{t.Pipeline, t.Name}, more...) }

// coverage reads all committed ranges by network and start.
func (t *target) coverage(ctx context.Context, c *session) ([]coverage.Row, error) {
	return t.ranges(ctx, c, "")
}

// overlapping reads the committed ranges that share blocks with one of ranges.
func (t *target) overlapping(ctx context.Context, c *session, ranges []runtime.Range) ([]coverage.Row, error) {
	if len(ranges) == 0 {
		return nil, nil // which the condition would not say
	}
	var where []string
	var args []any
	for _, r := range ranges {
		where = append(where, `("NETWORK" = ? AND "END_BLOCK" >= ? AND "START_BLOCK" <= ?)`)
		args = append(args, r.Network, int64(r.Start), int64(r.End))
	}
	return t.ranges(ctx, c, " AND ("+strings.Join(where, " OR ")+")", args...)
}

// reaching reads the committed ranges of a network that end at or after a block.
func (t *target) reaching(ctx context.Context, c *session, network string, block uint64) ([]coverage.Row, error) {
	if block > math.MaxInt64 {
		return nil, nil
	}
	return t.ranges(ctx, c, ` AND "NETWORK" = ? AND "END_BLOCK" >= ?`, network, int64(block))
}

func (t *target) ranges(ctx context.Context, c *session, where string, args ...any) (out []coverage.Row, err error) {
	if t.Stateless {
		return nil, nil
	}
	ours := `COALESCE("END_TIMESTAMP", 0), COALESCE("UNITS", 1)`
	if t.younger {
		ours = "0, 1"
	}
	err = c.query(ctx, func(scan func(...any) error) error {
		var network, batch, hash, prevHash string
		var start, end, timestamp, units int64
		if err := scan(&network, &batch, &start, &end, &hash, &prevHash, &timestamp, &units); err != nil {
			return err
		}
		r := blockrange.FromStored(network, uint64(start), uint64(end), hash, prevHash)
		r.Timestamp = timestamp
		out = append(out, coverage.Row{Range: r, Batch: batch, Units: uint64(units)})
		return nil
	}, fmt.Sprintf(`SELECT "NETWORK", "BATCH_ID", "START_BLOCK", "END_BLOCK", COALESCE("END_HASH", ''), COALESCE("START_PARENT_HASH", ''), %s
		FROM %s WHERE %s%s ORDER BY "NETWORK", "START_BLOCK"`, ours, t.state, own, where), t.own(args...)...)
	return out, err
}

// changed is when the coverage last changed, as far as its rows say; zero if there are none.
func (t *target) changed(ctx context.Context, c *session) (time.Time, error) {
	at, err := value[sql.NullTime](ctx, c, `SELECT MAX("PROCESSED_AT") FROM `+t.state+" WHERE "+own, t.own()...)
	return at.Time, err
}

// change changes the coverage.
func (t *target) change(ctx context.Context, c *session, change coverage.Change) error {
	if t.Stateless {
		return nil
	}
	removed := map[string][]any{}
	for _, r := range change.Remove {
		removed[r.Network] = append(removed[r.Network], r.Batch)
	}
	for network, ids := range removed {
		for chunk := range slices.Chunk(ids, stateChunk) {
			if _, err := c.exec(ctx, fmt.Sprintf(`DELETE FROM %s WHERE %s AND "NETWORK" = ? AND "BATCH_ID" IN (%s)`, t.state, own, marks(len(chunk))),
				append(t.own(network), chunk...)...); err != nil {
				return err
			}
		}
	}
	for chunk := range slices.Chunk(change.Add, stateChunk) {
		if err := t.insertRanges(ctx, c, chunk); err != nil {
			return err
		}
	}
	return nil
}

// stateChunk is how many rows of the state are in one statement.
const stateChunk = 1000

func (t *target) insertRanges(ctx context.Context, c *session, rows []coverage.Row) error {
	values := make([]string, len(rows))
	var args []any
	for i, r := range rows {
		values[i] = "(" + marks(10) + ")"
		args = append(args, t.Pipeline, t.Name, r.Network, r.Batch, int64(r.Start), int64(r.End), r.StoredHash(),
			sql.NullString{String: r.PrevHash, Valid: r.PrevHash != ""}, sql.NullInt64{Int64: r.Timestamp, Valid: r.Timestamp != 0}, int64(r.Units))
	}
	_, err := c.exec(ctx, fmt.Sprintf(`INSERT INTO %s ("CONNECTION_NAME", "TABLE_NAME", "NETWORK", "BATCH_ID", "START_BLOCK", "END_BLOCK",
		"END_HASH", "START_PARENT_HASH", "END_TIMESTAMP", "UNITS") VALUES %s`, t.state, strings.Join(values, ", ")), args...)
	return err
}

// marks are n question marks.
func marks(n int) string { return strings.TrimSuffix(strings.Repeat("?, ", n), ", ") }

// compact merges the old part of the coverage.
func (t *target) compact(ctx context.Context, c *session) error {
	rows, err := t.coverage(ctx, c)
	if err != nil {
		return err
	}
	err = t.change(ctx, c, coverage.Compact(rows))
	crash.Point(crash.DuringCompaction)
	return err
}

// compactSometimes is called in every commit, and compacts in a few of them.
func (s *Sink) compactSometimes(ctx context.Context, c *session) error {
	if s.table.Stateless || s.commits.Add(1)%coverage.CompactEvery != 0 {
		return nil
	}
	return s.table.compact(ctx, c)
}

// checkState refuses to make a table of which the state says that it has rows: they are gone, and nothing would load them again. And
// it refuses to load into such a table without the state, which would then say what is not so.
func (t *target) checkState(ctx context.Context, c *session, tableExists bool) error {
	n, err := c.count(ctx, "SELECT COUNT(*) FROM "+t.state+` WHERE "TABLE_NAME" = ?`, t.Name)
	if err != nil || n == 0 {
		return err
	}
	forget := fmt.Sprintf("DELETE FROM %s WHERE TABLE_NAME = %s", t.state, literal(t.Name))
	if tableExists {
		return &runtime.Error{Class: runtime.Permanent, Op: "prepare", On: t.on(),
			Err:  fmt.Errorf("%s says which blocks it has, and would be wrong after a load that keeps no state there", t.state),
			Help: "load with --state sink; or empty the table and run " + forget}
	}
	return &runtime.Error{Class: runtime.Drift, Op: "prepare", On: t.on(),
		Err:  fmt.Errorf("it does not exist, and %s has blocks that were loaded into it", t.state),
		Help: fmt.Sprintf("restore it by UNDROP TABLE %s, or run %s to load it from the start", t.rows, forget)}
}

// checkSpelling refuses a table that state or fence have by another spelling of its name, such as "Transfers" for "transfers":
// their rows are found by the name as it is written, so all blocks would be loaded a second time into the same table.
func (t *target) checkSpelling(ctx context.Context, c *session, there objects) error {
	kept := map[string]string{ddl.StateTable: t.state}
	if !t.Stateless {
		kept[ddl.FenceTable] = t.fence
	}
	for object, table := range kept {
		if !there.has(object) {
			continue
		}
		err := c.query(ctx, func(scan func(...any) error) error {
			var found string
			if err := scan(&found); err != nil {
				return err
			}
			other := ddl.Table{Name: found, Session: t.name.Beside("")} // which is where the state is
			if name, err := other.FullName(); err != nil || name != t.name {
				return nil
			}
			return &runtime.Error{Class: runtime.Permanent, Op: "prepare", On: t.on(),
				Err: fmt.Errorf("%s has this table as %q, and would not find its blocks as %q", table, found, t.Name),
				Help: fmt.Sprintf("write table=%s in @sink; or stop its loaders and run UPDATE %s SET TABLE_NAME = %s WHERE TABLE_NAME = %s",
					found, table, literal(t.Name), literal(found))}
		}, "SELECT DISTINCT TABLE_NAME FROM "+table+" WHERE TABLE_NAME <> ?", t.Name)
		if err != nil {
			return err
		}
	}
	return nil
}

// checkAlone refuses to share a history table: nothing in its marked rows says which pipeline is to name their replacement.
func (t *target) checkAlone(ctx context.Context, c *session) error {
	if !t.History {
		return nil
	}
	n, err := c.count(ctx, "SELECT COUNT(*) FROM "+t.fence+` WHERE "TABLE_NAME" = ? AND "CONNECTION_NAME" <> ?`, t.Name, t.Pipeline)
	if err != nil || n == 0 {
		return err
	}
	return &runtime.Error{Class: runtime.Permanent, Op: "prepare", On: t.on(),
		Err:  fmt.Errorf("it is a history table that another pipeline loads, and pipeline %s cannot load it too", t.Pipeline),
		Help: "give each pipeline a history table of its own; " + t.fence + " has their names"}
}

// literal is text as SQL writes it.
func literal(s string) string {
	return "'" + strings.NewReplacer("'", "''", `\`, `\\`).Replace(s) + "'"
}
