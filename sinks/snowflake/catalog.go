package snowflake

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ampgen/ampgen/runtime"
	"github.com/ampgen/ampgen/sinks/snowflake/ddl"
)

// objects are the tables and views of the table's schema that the sink needs, with their kinds.
type objects map[string]string

// find looks for the table and what is beside it. It finds what the role may see.
func (t *target) find(ctx context.Context, c *session) (objects, error) {
	names := []any{t.name.Schema, t.name.Object, ddl.StateTable, ddl.FenceTable, t.name.Object + ddl.CurrentSuffix, t.name.Object + ddl.HistorySuffix}
	found := objects{}
	err := c.query(ctx, func(scan func(...any) error) error {
		var name, kind string
		if err := scan(&name, &kind); err != nil {
			return err
		}
		found[name] = kind
		return nil
	}, fmt.Sprintf(`SELECT "TABLE_NAME", "TABLE_TYPE" FROM %s WHERE TABLE_SCHEMA = ? AND TABLE_NAME IN (%s)`, t.catalog("TABLES"), marks(len(names)-1)), names...)
	return found, err
}

func (o objects) has(name string) bool { return o[name] != "" }

// catalog is a view of the information schema of the table's database.
func (t *target) catalog(view string) string {
	return ddl.Quote(t.name.Database) + ".INFORMATION_SCHEMA." + view
}

func (t *target) hasSchema(ctx context.Context, c *session) (bool, error) {
	n, err := c.count(ctx, "SELECT COUNT(*) FROM "+t.catalog("SCHEMATA")+" WHERE SCHEMA_NAME = ?", t.name.Schema)
	return n > 0, err
}

func (t *target) hasStage(ctx context.Context, c *session) (bool, error) {
	n, err := c.count(ctx, "SELECT COUNT(*) FROM "+t.catalog("STAGES")+" WHERE STAGE_SCHEMA = ? AND STAGE_NAME = ?", t.name.Schema, ddl.StageName)
	return n > 0, err
}

// foundColumn is a column of a table in the database.
type foundColumn struct {
	name, typ                           string
	precision, scale, fraction, longest sql.NullInt64
	nullable                            bool
	filled                              bool // has a default: rows need not say its value
}

func (f foundColumn) String() string {
	switch {
	case f.typ == "NUMBER":
		return fmt.Sprintf("NUMBER(%d,%d)", f.precision.Int64, f.scale.Int64)
	case f.fraction.Valid && f.typ != "DATE":
		return fmt.Sprintf("%s(%d)", f.typ, f.fraction.Int64)
	case f.longest.Valid && f.typ != "TEXT":
		return fmt.Sprintf("%s(%d)", f.typ, f.longest.Int64)
	case f.typ == "TEXT":
		return "VARCHAR"
	}
	return f.typ
}

// columns are the columns of a table of the table's schema.
func (t *target) columns(ctx context.Context, c *session, table string) (found []foundColumn, err error) {
	err = c.query(ctx, func(scan func(...any) error) error {
		var f foundColumn
		var nullable string
		var fill sql.NullString
		if err := scan(&f.name, &f.typ, &f.precision, &f.scale, &f.fraction, &f.longest, &nullable, &fill); err != nil {
			return err
		}
		f.nullable, f.filled = nullable == "YES", fill.Valid
		found = append(found, f)
		return nil
	}, `SELECT "COLUMN_NAME", "DATA_TYPE", "NUMERIC_PRECISION", "NUMERIC_SCALE", "DATETIME_PRECISION", "CHARACTER_MAXIMUM_LENGTH", "IS_NULLABLE", "COLUMN_DEFAULT"
		FROM `+t.catalog("COLUMNS")+` WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? ORDER BY ORDINAL_POSITION`, t.name.Schema, table)
	return found, err
}

// migrated reports whether the state has the columns that this loader adds to the Python loader's.
func (t *target) migrated(ctx context.Context, c *session) (bool, error) {
	found, err := t.columns(ctx, c, ddl.StateTable)
	return slices.ContainsFunc(found, func(f foundColumn) bool { return f.name == "UNITS" }) &&
		slices.ContainsFunc(found, func(f foundColumn) bool { return f.name == "END_TIMESTAMP" }), err
}

// compare reports how the table differs from the one that the loader was compiled for, as one Drift error that lists every
// difference. The order of the columns is free, a column may hold more than it must, and columns that fill themselves may be
// added, as may those that begin with _AMP_, which the Python loader has more of. Any other column more is a difference, since
// it could only ever be null.
func (t *target) compare(ctx context.Context, c *session, kind string) error {
	if kind != "BASE TABLE" {
		return t.drift([]string{"it is not a table"})
	}
	have, err := t.columns(ctx, c, t.name.Object)
	if err != nil {
		return err
	}
	var diffs []string
	want := ddl.Columns(t.ddl)
	for _, w := range want {
		i := slices.IndexFunc(have, func(h foundColumn) bool { return h.name == w.Name })
		if i < 0 {
			diffs = append(diffs, fmt.Sprintf("column %q is missing", w.Field))
			continue
		}
		if !have[i].holds(w.Type) {
			diffs = append(diffs, fmt.Sprintf("column %q is %s and should be %s", w.Field, have[i], w.Type))
		}
		if w.Nullable && !have[i].nullable {
			diffs = append(diffs, fmt.Sprintf("column %q is NOT NULL and should be nullable", w.Field))
		}
	}
	for _, h := range have {
		if !h.filled && !strings.HasPrefix(h.name, "_AMP_") && !slices.ContainsFunc(want, func(w ddl.Column) bool { return w.Name == h.name }) {
			diffs = append(diffs, fmt.Sprintf("column %q is not of this pipeline and has no default", h.name))
		}
	}
	if len(diffs) > 0 {
		return t.drift(diffs)
	}
	return nil
}

// holds reports whether the column holds every value of a type of package ddl.
func (f foundColumn) holds(typ string) bool {
	base, parameters, _ := strings.Cut(strings.TrimSuffix(typ, ")"), "(")
	var precision, scale int64
	_, _ = fmt.Sscanf(strings.ReplaceAll(parameters, ",", " "), "%d %d", &precision, &scale) // there may be one, or none
	switch base {
	case "NUMBER":
		return f.typ == base && f.precision.Int64 >= precision && f.scale.Int64 == scale
	case "VARCHAR":
		return f.typ == "TEXT" // a value that is longer than the column is refused, never cut
	case "BINARY":
		return f.typ == base && (precision == 0 || !f.longest.Valid || f.longest.Int64 >= precision)
	case "TIME", "TIMESTAMP_NTZ":
		return f.typ == base && f.fraction.Int64 >= precision
	case "TIMESTAMP_LTZ":
		return (f.typ == base || f.typ == "TIMESTAMP_TZ") && f.fraction.Int64 >= precision
	case "ARRAY", "OBJECT":
		return f.typ == base || f.typ == "VARIANT"
	}
	return f.typ == base
}

func (t *target) drift(diffs []string) error {
	return &runtime.Error{Class: runtime.Drift, Op: "prepare", On: t.on(), Err: errors.New(strings.Join(diffs, "; ")),
		Help: "alter, rename or drop the old table, or give @sink another table name"}
}

// Compare is runtime.Comparer's.
func (s *Sink) Compare(ctx context.Context, table *runtime.Table) (lines []string, err error) {
	t, err := s.newTarget(table)
	if err != nil {
		return nil, err
	}
	statement, err := ddl.CreateTable(t.ddl)
	if err != nil {
		return nil, classify("compare", t.on(), err)
	}
	err = s.pool.use(ctx, func(c *session) error {
		found, err := t.find(ctx, c)
		if err != nil {
			return err
		}
		if !found.has(t.name.Object) {
			lines = append(lines, "does not exist; a run creates it:\n"+statement)
			return nil
		}
		var drift *runtime.Error
		if err := t.compare(ctx, c, found[t.name.Object]); errors.As(err, &drift) && drift.Class == runtime.Drift {
			lines = append(lines, strings.Split(drift.Err.Error(), "; ")...)
		} else if err != nil {
			return err
		}
		return nil
	})
	if err != nil {
		return nil, classify("compare", t.on(), err)
	}
	return lines, nil
}
