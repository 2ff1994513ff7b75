package snowtest

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/ampgen/ampgen/sinks/snowflake/snowtest/internal/sfsql"
)

// information compiles a view of the information schema: rows of the catalog as it is now.
func (s *session) information(n sfsql.Name, alias string) (string, []sourceColumn, error) {
	db := s.database
	if len(n) == 3 {
		db = n[0]
	}
	c := s.server.catalog
	c.RLock()
	defer c.RUnlock()
	d := c.databases[db]
	if d == nil {
		return "", nil, missing("Database", sfsql.Name{db})
	}
	var names string
	var rows [][]string
	switch n[len(n)-1] {
	case "SCHEMATA":
		names = "CATALOG_NAME SCHEMA_NAME"
		for _, name := range sorted(d.schemas) {
			rows = append(rows, []string{text(db), text(name)})
		}
	case "TABLES":
		names = "TABLE_CATALOG TABLE_SCHEMA TABLE_NAME TABLE_TYPE COMMENT"
		d.relations(func(in string, r *relation) {
			kind := "BASE TABLE"
			if r.query != nil {
				kind = "VIEW"
			}
			rows = append(rows, []string{text(db), text(in), text(r.name[2]), text(kind), orNull(r.comment)})
		})
	case "STAGES":
		names = "STAGE_CATALOG STAGE_SCHEMA STAGE_NAME STAGE_TYPE"
		for _, in := range sorted(d.schemas) {
			for _, name := range sorted(d.schemas[in].stages) {
				rows = append(rows, []string{text(db), text(in), text(name), text("Internal Named")})
			}
		}
	case "COLUMNS":
		names = "TABLE_CATALOG TABLE_SCHEMA TABLE_NAME COLUMN_NAME ORDINAL_POSITION# COLUMN_DEFAULT IS_NULLABLE DATA_TYPE CHARACTER_MAXIMUM_LENGTH# " +
			"CHARACTER_OCTET_LENGTH# NUMERIC_PRECISION# NUMERIC_SCALE# DATETIME_PRECISION# COMMENT"
		d.relations(func(in string, r *relation) {
			for i, col := range r.columns {
				rows = append(rows, append([]string{text(db), text(in), text(r.name[2])}, col.describe(i+1)...))
			}
		})
	default:
		return "", nil, missing("Object", n)
	}
	return table(strings.Fields(names), rows, alias)
}

// relations calls do for every table and view, by name.
func (d *database) relations(do func(schema string, r *relation)) {
	for _, in := range sorted(d.schemas) {
		for _, name := range sorted(d.schemas[in].relations) {
			do(in, d.schemas[in].relations[name])
		}
	}
}

func orNull(s string) string {
	if s == "" {
		return "NULL"
	}
	return text(s)
}

// describe is a row of COLUMNS from the column's name on.
func (c column) describe(position int) []string {
	length, octets, precision, scale, digits := "NULL", "NULL", "NULL", "NULL", "NULL"
	switch c.t.Kind {
	case Varchar:
		length, octets = strconv.Itoa(c.t.Length), strconv.Itoa(min(4*c.t.Length, maxVarchar))
	case Binary:
		length, octets = strconv.Itoa(c.t.Length), strconv.Itoa(c.t.Length)
	case Number:
		precision, scale = strconv.Itoa(c.t.Precision), strconv.Itoa(c.t.Scale)
	case Time, TimestampNTZ, TimestampLTZ, TimestampTZ:
		digits = strconv.Itoa(c.t.Scale)
	}
	nullable := "YES"
	if c.notNull {
		nullable = "NO"
	}
	return []string{text(c.name), strconv.Itoa(position), defaultText(c.fallback), text(nullable), text(kinds[c.t.Kind].catalog),
		length, octets, precision, scale, digits, orNull(c.comment)}
}

// defaultText is a default as COLUMN_DEFAULT has it.
func defaultText(e sfsql.Expr) string {
	switch e := e.(type) {
	case nil:
		return "NULL"
	case *sfsql.Literal:
		switch e.Kind {
		case "string":
			return text(text(e.Text))
		case "boolean":
			return text(strings.ToUpper(e.Text))
		}
		return text(e.Text)
	case *sfsql.Call:
		return text(e.Name + "()")
	case *sfsql.Cast:
		return defaultText(e.X)
	}
	return text("an expression")
}

// table is a relation of constant rows. A column whose name ends in # is a number.
func table(names []string, rows [][]string, alias string) (string, []sourceColumn, error) {
	columns := make([]sourceColumn, len(names))
	cells := make([]string, len(names))
	ids := make([]string, len(names))
	for i, name := range names {
		t := varchar
		if rest, ok := strings.CutSuffix(name, "#"); ok {
			name, t = rest, count
		}
		ids[i] = fmt.Sprintf("v%d", i)
		cells[i] = fmt.Sprintf("CAST(v%d AS %s) AS k%d", i, t.duck(), i)
		columns[i] = sourceColumn{name, value{sql: fmt.Sprintf("%s.k%d", alias, i), t: t, nullable: true}}
	}
	lines := make([]string, len(rows)+1)
	lines[0] = "(" + strings.Repeat("NULL, ", len(names)-1) + "NULL)" // VALUES needs one row
	for i, row := range rows {
		lines[i+1] = "(" + strings.Join(row, ", ") + ")"
	}
	return fmt.Sprintf("(SELECT %s FROM (VALUES %s) AS v(%s) WHERE v0 IS NOT NULL)", strings.Join(cells, ", "), strings.Join(lines, ", "),
		strings.Join(ids, ", ")), columns, nil
}
