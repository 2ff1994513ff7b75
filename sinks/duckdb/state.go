package duckdb

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/ampgen/ampgen/runtime"
	"github.com/ampgen/ampgen/runtime/blockrange"
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
	return ddl.Table{Name: t.Name, Schema: t.Schema, Block: t.Block, Key: t.Key, History: t.History, Batch: t.Block == ""}
}

// exists reports whether the schema has a table called name.
func (t *target) exists(ctx context.Context, c *conn, name string) (bool, error) {
	rows, err := c.query(ctx, fmt.Sprintf(
		"SELECT 'yes' FROM duckdb_tables() WHERE database_name = %s AND lower(schema_name) = lower(%s) AND lower(table_name) = lower(%s)",
		literal(t.catalog), literal(t.schema), literal(name)))
	return len(rows) > 0, err
}

// coverage reads the committed ranges that meet where, a condition on the state table, by network and start.
func (t *target) coverage(ctx context.Context, c *conn, where string) ([]committed, error) {
	rows, err := c.query(ctx, fmt.Sprintf(
		`SELECT network, batch_id, start_block::VARCHAR, end_block::VARCHAR, end_hash, start_parent_hash, coalesce(end_timestamp, 0)::VARCHAR
		FROM %s WHERE %s AND (%s) ORDER BY network, start_block`, t.state, t.key, where))
	if err != nil {
		return nil, err
	}
	out := make([]committed, len(rows))
	for i, row := range rows {
		start, errStart := strconv.ParseUint(row[2], 10, 64)
		end, errEnd := strconv.ParseUint(row[3], 10, 64)
		timestamp, errTimestamp := strconv.ParseInt(row[6], 10, 64)
		if errStart != nil || errEnd != nil || errTimestamp != nil {
			return nil, fmt.Errorf("row %q of %s is not a range", row, t.state)
		}
		out[i] = committed{Range: blockrange.FromStored(row[0], start, end, row[4], row[5]), batch: row[1]}
		out[i].Timestamp = timestamp
	}
	return out, nil
}

// overlapping reads the committed ranges that share blocks with one of ranges.
func (t *target) overlapping(ctx context.Context, c *conn, ranges []runtime.Range) ([]committed, error) {
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

// cover is the statement that adds ranges to the coverage.
func (t *target) cover(ranges []runtime.Range) string {
	values := make([]string, len(ranges))
	for i, r := range ranges {
		timestamp := "NULL"
		if r.Timestamp != 0 {
			timestamp = strconv.FormatInt(r.Timestamp, 10)
		}
		values[i] = "(" + strings.Join([]string{literal(t.Pipeline), literal(t.Name), literal(r.Network), literal(r.ID()),
			number(r.Start), number(r.End), literal(r.StoredHash()), literal(r.PrevHash), timestamp}, ", ") + ")"
	}
	return fmt.Sprintf(`INSERT INTO %s (connection_name, table_name, network, batch_id, start_block, end_block, end_hash,
		start_parent_hash, end_timestamp) VALUES %s`, t.state, strings.Join(values, ", "))
}
