package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ampgen/ampgen/runtime"
	"github.com/ampgen/ampgen/sinks/postgres/ddl"
)

// foundColumn is a column of the table in the database.
type foundColumn struct {
	Name, Type string
	NotNull    bool
	Filled     bool // has a default, an identity or is generated: rows need not say its value
}

// compare reports how the table in the database differs from the one that the loader was compiled for, as one Drift error
// that lists every difference. The order of the columns is free, and columns that fill themselves may be added: rows are
// loaded by name. Any other column more is a difference, since it could only ever be null.
func (t *target) compare(ctx context.Context, q querier) error {
	kind, err := queryValue[string](ctx, q, "SELECT relkind::text FROM pg_catalog.pg_class WHERE oid = to_regclass($1)", t.rows)
	if err != nil {
		return err
	}
	if kind != "r" && kind != "p" {
		return t.drift([]string{"it is not a table"})
	}
	have, err := t.columns(ctx, q)
	if err != nil {
		return err
	}
	var diffs []string
	want := ddl.Columns(ddlTable(t.Table))
	for _, w := range want {
		i := slices.IndexFunc(have, func(h foundColumn) bool { return h.Name == w.Name })
		if i < 0 {
			diffs = append(diffs, fmt.Sprintf("column %q is missing", w.Name))
			continue
		}
		h := have[i]
		if typ := catalogType(w.Type); h.Type != typ {
			diffs = append(diffs, fmt.Sprintf("column %q is %s and should be %s", w.Name, h.Type, typ))
		}
		if h.NotNull == w.Nullable {
			diffs = append(diffs, fmt.Sprintf("column %q is %s and should be %s", w.Name, nullability(h.NotNull), nullability(!w.Nullable)))
		}
	}
	for _, h := range have {
		if !h.Filled && !slices.ContainsFunc(want, func(w ddl.Column) bool { return w.Name == h.Name }) {
			diffs = append(diffs, fmt.Sprintf("column %q is not of this pipeline and has no default", h.Name))
		}
	}
	key, err := t.compareKey(ctx, q)
	if err != nil {
		return err
	}
	if diffs = append(diffs, key...); len(diffs) > 0 {
		return t.drift(diffs)
	}
	return nil
}

// Compare is runtime.Comparer's.
func (s *Sink) Compare(ctx context.Context, table *runtime.Table) (lines []string, err error) {
	t := newTarget(table)
	statement, err := ddl.CreateTable(ddlTable(table))
	if err != nil {
		return nil, classify("compare", t.on(), err)
	}
	err = s.pool.AcquireFunc(ctx, func(c *pgxpool.Conn) error {
		found, err := exists(ctx, c, t.rows)
		if err != nil {
			return err
		}
		if !found {
			lines = append(lines, "does not exist; a run creates it:\n"+statement)
			return nil
		}
		var drift *runtime.Error
		if err := t.compare(ctx, c); errors.As(err, &drift) && drift.Class == runtime.Drift {
			lines = append(lines, strings.Split(drift.Err.Error(), "; ")...)
		} else if err != nil {
			return err
		}
		if index := ddl.CreateBlockIndex(ddlTable(table)); index != "" {
			if found, err = t.hasBlockIndex(ctx, c); err != nil {
				return err
			}
			if !found {
				lines = append(lines, "has no index by block; a run creates it: "+strings.TrimSpace(index))
			}
		}
		return nil
	})
	if err != nil {
		return nil, classify("compare", t.on(), err)
	}
	return lines, nil
}

func (t *target) drift(diffs []string) error {
	return &runtime.Error{Class: runtime.Drift, Op: "prepare", On: t.on(), Err: errors.New(strings.Join(diffs, "; ")),
		Help: "alter, rename or drop the old table, or give @sink another table name"}
}

func (t *target) columns(ctx context.Context, q querier) ([]foundColumn, error) {
	rows, err := q.Query(ctx, `SELECT attname::text, format_type(atttypid, atttypmod), attnotnull, atthasdef OR attidentity <> '' OR attgenerated <> ''
		FROM pg_catalog.pg_attribute
		WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped
		ORDER BY attnum`, t.rows)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[foundColumn])
}

func (t *target) compareKey(ctx context.Context, q querier) ([]string, error) {
	rows, err := q.Query(ctx, `SELECT a.attname::text
		FROM pg_catalog.pg_index i
		CROSS JOIN LATERAL unnest(i.indkey::smallint[]) WITH ORDINALITY AS k (attnum, position)
		JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
		WHERE i.indrelid = to_regclass($1) AND i.indisprimary
		ORDER BY k.position`, t.rows)
	if err != nil {
		return nil, err
	}
	have, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, err
	}
	want := t.Key
	if t.History {
		want = nil
	}
	if slices.Equal(have, want) {
		return nil, nil
	}
	return []string{fmt.Sprintf("the primary key is (%s) and should be (%s)", strings.Join(have, ", "), strings.Join(want, ", "))}, nil
}

// hasBlockIndex reports whether an index finds rows by block.
func (t *target) hasBlockIndex(ctx context.Context, q querier) (bool, error) {
	return queryValue[bool](ctx, q, `SELECT EXISTS (
		SELECT FROM pg_catalog.pg_index i
		JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
		WHERE i.indrelid = to_regclass($1) AND a.attname = $2 AND i.indpred IS NULL)`, t.rows, t.Block)
}

// catalogType is typ as format_type writes it.
func catalogType(typ string) string {
	elem, array := strings.CutSuffix(typ, "[]")
	switch elem {
	case "timestamp", "time":
		elem += " without time zone"
	case "timestamptz":
		elem = "timestamp with time zone"
	}
	if array {
		elem += "[]"
	}
	return elem
}

func nullability(notNull bool) string {
	if notNull {
		return "NOT NULL"
	}
	return "nullable"
}
