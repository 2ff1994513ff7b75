package ddl

import (
	"fmt"
	"strings"
)

// Name is the name of a table, view or stage. Its parts are as Snowflake has them, letter case included. Database and Schema may
// be empty: they are the session's.
type Name struct{ Database, Schema, Object string }

// ParseName reads table, schema.table or database.schema.table. The parts become upper case, as those of an unquoted name do.
func ParseName(s string) (Name, error) {
	parts := strings.Split(Fold(s), ".")
	for _, part := range parts {
		if part == "" {
			return Name{Object: Fold(s)}, fmt.Errorf("the table name %q has an empty part; write database.schema.table, schema.table or table", s)
		}
	}
	switch len(parts) {
	case 1:
		return Name{Object: parts[0]}, nil
	case 2:
		return Name{Schema: parts[0], Object: parts[1]}, nil
	case 3:
		return Name{Database: parts[0], Schema: parts[1], Object: parts[2]}, nil
	}
	return Name{Object: Fold(s)}, fmt.Errorf("the table name %q has %d dots; write database.schema.table, schema.table or table", s, len(parts)-1)
}

// Beside is another object in the schema of n.
func (n Name) Beside(object string) Name {
	n.Object = object
	return n
}

// String is the name for statements: its parts quoted, those that are empty left out.
func (n Name) String() string {
	s := Quote(n.Object)
	if n.Schema != "" {
		s = Quote(n.Schema) + "." + s
		if n.Database != "" {
			s = Quote(n.Database) + "." + s
		}
	}
	return s
}

// Fold is the name that Snowflake makes of an identifier without quotes. Columns and tables are created by these names, so that
// queries need no quotes either.
func Fold(identifier string) string { return strings.ToUpper(identifier) }

// Quote quotes an identifier as it is.
func Quote(identifier string) string {
	return `"` + strings.ReplaceAll(identifier, `"`, `""`) + `"`
}

// QuoteColumn is the quoted name of the column that holds the field of a name.
func QuoteColumn(field string) string { return Quote(Fold(field)) }

func quoteColumns(fields []string) string {
	quoted := make([]string, len(fields))
	for i, f := range fields {
		quoted[i] = QuoteColumn(f)
	}
	return strings.Join(quoted, ", ")
}
