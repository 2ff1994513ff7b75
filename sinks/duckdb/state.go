package duckdb

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/ampgen/ampgen/runtime"
	"github.com/ampgen/ampgen/runtime/blockrange"
	"github.com/ampgen/ampgen/runtime/coverage"
	"github.com/ampgen/ampgen/runtime/crash"
	"github.com/ampgen/ampgen/sinks/duckdb/ddl"
)

// target is the table that a sink writes, with its names quoted and qualified: statements run on connections whose default
// database is another one.
type target struct {
	*runtime.Table
	catalog, schema, name string // as named, unquoted
	rows, state, fence    string // quoted and qualified
	key                   string // the condition that picks this table's rows in state and fence
}

func newTarget(t *runtime.Table, catalog string) (*target, error) {
	schema, name, err := ddl.Split(t.Name)
	if err != nil {
		return nil, err
	}
	if schema == "" {
		schema = "main"
	}
	in := ddl.Quote(catalog) + "."
	return &target{
		Table: t, catalog: catalog, schema: schema, name: name,
		rows: in + ddl.Qualify(schema, name), state: in + ddl.Qualify(schema, ddl.StateTable), fence: in + ddl.Qualify(schema, ddl.FenceTable),
		key: fmt.Sprintf("connection_name = %s AND table_name = %s", literal(t.Pipeline), literal(t.Name)),
	}, nil
}

func (t *target) ddl() ddl.Table {
	return ddl.Table{Name: t.Name, Schema: t.Schema, Block: t.Block, Key: t.Key, History: t.History, Batch: t.Block == "", Stateless: t.Stateless}
}

// exists reports whether the schema has a table called name.
func (t *target) exists(ctx context.Context, c *conn, name string) (bool, error) {
	rows, err := c.query(ctx, fmt.Sprintf(
		"SELECT 'yes' FROM duckdb_tables() WHERE database_name = %s AND lower(schema_name) = lower(%s) AND lower(table_name) = lower(%s)",
		literal(t.catalog), literal(t.schema), literal(name)))
	return len(rows) > 0, err
}

// coverage reads the committed ranges that meet where, a condition on the state table, by network and start.
func (t *target) coverage(ctx context.Context, c *conn, where string) ([]coverage.Row, error) {
	if t.Stateless {
		return nil, nil
	}
	rows, err := c.query(ctx, fmt.Sprintf(
		`SELECT network, batch_id, start_block::VARCHAR, end_block::VARCHAR, end_hash, start_parent_hash, coalesce(end_timestamp, 0)::VARCHAR,
			units::VARCHAR
		FROM %s WHERE %s AND (%s) ORDER BY network, start_block`, t.state, t.key, where))
	if err != nil {
		return nil, err
	}
	out := make([]coverage.Row, len(rows))
	for i, row := range rows {
		start, errStart := strconv.ParseUint(row[2], 10, 64)
		end, errEnd := strconv.ParseUint(row[3], 10, 64)
		timestamp, errTimestamp := strconv.ParseInt(row[6], 10, 64)
		units, errUnits := strconv.ParseUint(row[7], 10, 64)
		if errStart != nil || errEnd != nil || errTimestamp != nil || errUnits != nil {
			return nil, fmt.Errorf("row %q of %s is not a range", row, t.state)
		}
		out[i] = coverage.Row{Range: blockrange.FromStored(row[0], start, end, row[4], row[5]), Batch: row[1], Units: units}
		out[i].Timestamp = timestamp
	}
	return out, nil
}

// changed is when the coverage last changed, as far as its rows say; zero if there are none.
func (t *target) changed(ctx context.Context, c *conn) (time.Time, error) {
	rows, err := c.query(ctx, fmt.Sprintf("SELECT epoch_us(max(processed_at))::VARCHAR FROM %s WHERE %s", t.state, t.key))
	if err != nil || rows[0][0] == "" {
		return time.Time{}, err
	}
	micros, err := strconv.ParseInt(rows[0][0], 10, 64)
	return time.UnixMicro(micros), err
}

// overlapping reads the committed ranges that share blocks with one of ranges.
func (t *target) overlapping(ctx context.Context, c *conn, ranges []runtime.Range) ([]coverage.Row, error) {
	where := make([]string, len(ranges))
	for i, r := range ranges {
		where[i] = fmt.Sprintf("network = %s AND start_block <= %s AND end_block >= %s", literal(r.Network), number(r.End), number(r.Start))
	}
	return t.coverage(ctx, c, strings.Join(where, " OR "))
}

// holder reads the fence: the epoch and who took it, 0 before anyone did.
func (t *target) holder(ctx context.Context, c *conn) (epoch uint64, holder string, err error) {
	rows, err := c.query(ctx, fmt.Sprintf("SELECT epoch::VARCHAR, holder FROM %s WHERE %s", t.fence, t.key))
	if err != nil || len(rows) == 0 {
		return 0, "", err
	}
	epoch, err = strconv.ParseUint(rows[0][0], 10, 64)
	return epoch, rows[0][1], err
}

// take makes holder the one who may commit, and returns its epoch.
func (t *target) take(ctx context.Context, c *conn, holder string) (uint64, error) {
	epoch, _, err := t.holder(ctx, c)
	if err != nil {
		return 0, err
	}
	epoch++
	return epoch, c.exec(ctx, fmt.Sprintf(
		"INSERT OR REPLACE INTO %s (connection_name, table_name, epoch, holder, taken_at) VALUES (%s, %s, %d, %s, now())",
		t.fence, literal(t.Pipeline), literal(t.Name), epoch, literal(holder)))
}

// change are the statements that change the coverage.
func (t *target) change(c coverage.Change) []string {
	var script []string
	if t.Stateless {
		return nil
	}
	if len(c.Remove) > 0 {
		keys := make([]string, len(c.Remove))
		for i, r := range c.Remove {
			keys[i] = fmt.Sprintf("(%s, %s)", literal(r.Network), literal(r.Batch))
		}
		script = append(script, fmt.Sprintf("DELETE FROM %s WHERE %s AND (network, batch_id) IN (%s)", t.state, t.key, strings.Join(keys, ", ")))
	}
	if len(c.Add) == 0 {
		return script
	}
	values := make([]string, len(c.Add))
	for i, r := range c.Add {
		timestamp := "NULL"
		if r.Timestamp != 0 {
			timestamp = strconv.FormatInt(r.Timestamp, 10)
		}
		values[i] = "(" + strings.Join([]string{literal(t.Pipeline), literal(t.Name), literal(r.Network), literal(r.Batch),
			number(r.Start), number(r.End), literal(r.StoredHash()), literal(r.PrevHash), timestamp, number(r.Units)}, ", ") + ")"
	}
	return append(script, fmt.Sprintf(`INSERT INTO %s (connection_name, table_name, network, batch_id, start_block, end_block, end_hash,
		start_parent_hash, end_timestamp, units) VALUES %s`, t.state, strings.Join(values, ", ")))
}

// forget are the statements that empty the coverage.
func (t *target) forget() []string {
	if t.Stateless {
		return nil
	}
	return []string{fmt.Sprintf("DELETE FROM %s WHERE %s", t.state, t.key)}
}

// compact merges the old part of the coverage, in a transaction on c.
func (t *target) compact(ctx context.Context, c *conn) error {
	rows, err := t.coverage(ctx, c, "true")
	if err != nil {
		return err
	}
	script := t.change(coverage.Compact(rows))
	if len(script) == 0 {
		return nil
	}
	err = c.exec(ctx, strings.Join(script, "; "))
	crash.Point(crash.DuringCompaction)
	return err
}

// checkState refuses to make a table of which the state says that it has rows: they are gone, and nothing would load them again. And
// it refuses to load into such a table without the state, which would then say what is not so.
func (t *target) checkState(ctx context.Context, c *conn) error {
	there, err := t.exists(ctx, c, t.name)
	if err != nil || there && !t.Stateless {
		return err
	}
	if known, err := t.exists(ctx, c, ddl.StateTable); err != nil || !known {
		return err
	}
	loaded, err := c.query(ctx, fmt.Sprintf("SELECT 'yes' FROM %s WHERE table_name = %s LIMIT 1", t.state, literal(t.Name)))
	if err != nil || len(loaded) == 0 {
		return err
	}
	forget := fmt.Sprintf("DELETE FROM %s WHERE table_name = %s", t.state, literal(t.Name))
	if there {
		return &runtime.Error{Class: runtime.Permanent, Op: "prepare table", On: t.Name,
			Err:  fmt.Errorf("%s says which blocks it has, and would be wrong after a load that keeps no state there", t.state),
			Help: "load with --state sink; or empty the table and run " + forget}
	}
	return &runtime.Error{Class: runtime.Drift, Op: "prepare table", On: t.Name,
		Err:  fmt.Errorf("it does not exist, and %s has blocks that were loaded into it", t.state),
		Help: "restore it, or run " + forget + " to load it from the start"}
}

// checkAlone refuses to share a history table: nothing in its marked rows says which pipeline is to name their replacement.
func (t *target) checkAlone(ctx context.Context, c *conn) error {
	if !t.History {
		return nil
	}
	others, err := c.query(ctx, fmt.Sprintf("SELECT connection_name FROM %s WHERE table_name = %s AND connection_name <> %s LIMIT 1",
		t.fence, literal(t.Name), literal(t.Pipeline)))
	if err != nil || len(others) == 0 {
		return err
	}
	return &runtime.Error{Class: runtime.Permanent, Op: "prepare table", On: t.Name,
		Err:  fmt.Errorf("it is a history table that pipeline %s loads, and pipeline %s cannot load it too", others[0][0], t.Pipeline),
		Help: "give each pipeline a history table of its own"}
}
