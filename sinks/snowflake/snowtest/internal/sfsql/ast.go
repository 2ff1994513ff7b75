// Package sfsql parses the subset of Snowflake's SQL that the test server runs. It is strict: what it does not know is an error
// with a position, so that a statement which the server would misread can never look like a success.
package sfsql

import "strings"

// Statement is one of the statements below.
type Statement interface{ statement() }

// Name is a name of up to three parts (database, schema, object), each as it is in the catalog: unquoted ones in upper case.
type Name []string

func (n Name) String() string { return strings.Join(n, ".") }

// StagePath is a location on an internal stage: @name/path. Path has no leading slash.
type StagePath struct {
	Stage Name
	Path  string
}

// TypeName is a type as written: its name in upper case and the numbers in parentheses.
type TypeName struct {
	Name string
	Args []int
	At   int
}

// Column is a column of CREATE TABLE or ALTER TABLE … ADD COLUMN.
type Column struct {
	Name    string
	Type    TypeName
	NotNull bool
	Default Expr // nil without
	Comment string
}

// The statements.
type (
	// Begin opens a transaction.
	Begin struct{}
	// Commit ends it with its changes, or with Rollback without.
	Commit struct{ Rollback bool }

	// CreateTable makes a table.
	CreateTable struct {
		Name                 Name
		Replace, IfNotExists bool
		Columns              []Column
		Key                  []string
		Comment              string
	}
	// CreateView makes a view.
	CreateView struct {
		Name                 Name
		Replace, IfNotExists bool
		Columns              []string // nil: as in the query
		Query                *Select
	}
	// Create makes a STAGE, SCHEMA or DATABASE.
	Create struct {
		Kind                 string
		Name                 Name
		Replace, IfNotExists bool
	}
	// Drop drops a TABLE, VIEW, STAGE or SCHEMA.
	Drop struct {
		Kind     string
		Name     Name
		IfExists bool
	}
	// AddColumn is ALTER TABLE … ADD COLUMN.
	AddColumn struct {
		Table       Name
		IfNotExists bool
		Column      Column
	}
	// DropColumn is ALTER TABLE … DROP COLUMN.
	DropColumn struct {
		Table    Name
		IfExists bool
		Column   string
	}
	// AlterSession sets session parameters.
	AlterSession struct{ Parameters map[string]string }

	// Put uploads files. The driver does the work.
	Put struct {
		File      string // without file://
		To        StagePath
		Overwrite bool
		Compress  bool
		Parallel  int
	}
	// List lists the files of a stage.
	List struct{ Path StagePath }
	// Remove deletes them.
	Remove struct{ Path StagePath }
	// Copy loads files of a stage into a table. Options have their names in upper case.
	Copy struct {
		Table   Name
		From    StagePath
		Files   []string // nil: all that are there
		Format  map[string]string
		Options map[string]string
	}

	// Insert appends rows.
	Insert struct {
		Table   Name
		Columns []string // nil: all
		Values  [][]Expr // or
		Query   *Select
	}
	// Set is one assignment of an UPDATE.
	Set struct {
		Column string
		Value  Expr
		At     int
	}
	// Update changes rows.
	Update struct {
		Table Name
		Alias string
		Set   []Set
		Where Expr
	}
	// Delete removes rows.
	Delete struct {
		Table Name
		Alias string
		Where Expr
	}
)

// Select is a query.
type Select struct {
	Distinct bool
	Items    []Item
	From     []From // joined in order; empty for SELECT 1
	Where    Expr
	GroupBy  []Expr
	Having   Expr
	UnionAll *Select // the query appended; OrderBy and Limit belong to the whole
	OrderBy  []Order
	Limit    Expr
	Offset   Expr
}

// Item is a column of a query's result.
type Item struct {
	Expr  Expr
	Alias string
}

// Order is an element of ORDER BY.
type Order struct {
	Expr       Expr
	Descending bool
	Nulls      string // "", "FIRST" or "LAST"
}

// From is a relation of a query: a table or view by name, a subquery, or rows of values.
type From struct {
	Join   string // "", "CROSS", "INNER" or "LEFT"
	On     Expr
	Table  Name
	Query  *Select
	Values [][]Expr
	Alias  string
	Names  []string // of columns, after the alias
	At     int
}

func (*Begin) statement()        {}
func (*Commit) statement()       {}
func (*CreateTable) statement()  {}
func (*CreateView) statement()   {}
func (*Create) statement()       {}
func (*Drop) statement()         {}
func (*AddColumn) statement()    {}
func (*DropColumn) statement()   {}
func (*AlterSession) statement() {}
func (*Put) statement()          {}
func (*List) statement()         {}
func (*Remove) statement()       {}
func (*Copy) statement()         {}
func (*Insert) statement()       {}
func (*Update) statement()       {}
func (*Delete) statement()       {}
func (*Select) statement()       {}

// Expr is one of the expressions below. Pos is the byte offset of its start in the statement.
type Expr interface{ Pos() int }

// At is the position that every expression has.
type At int

// Pos is Expr's.
func (a At) Pos() int { return int(a) }

// The expressions.
type (
	// Literal is a constant. Kind is "string", "number", "boolean" or "null".
	Literal struct {
		At
		Kind, Text string
	}
	// Bind is a question mark, counted from 0.
	Bind struct {
		At
		Index int
	}
	// Ref is a column, with what qualifies it.
	Ref struct {
		At
		Parts []string
	}
	// Star is * or t.* as an item, or the argument of COUNT.
	Star struct {
		At
		Of string
	}
	// Call is a function's call; Name is in upper case.
	Call struct {
		At
		Name     string
		Args     []Expr
		Distinct bool
	}
	// Cast is CAST(x AS t) or x::t.
	Cast struct {
		At
		X   Expr
		To  TypeName
		Try bool
	}
	// Binary is an operator with two operands: + - * / % || = <> < <= > >= AND OR.
	Binary struct {
		At
		Op   string
		L, R Expr
	}
	// Unary is - or NOT.
	Unary struct {
		At
		Op string
		X  Expr
	}
	// IsNull is x IS [NOT] NULL.
	IsNull struct {
		At
		X   Expr
		Not bool
	}
	// In is x [NOT] IN (…).
	In struct {
		At
		X     Expr
		List  []Expr
		Query *Select
		Not   bool
	}
	// Tuple is (a, b) on either side of IN.
	Tuple struct {
		At
		Items []Expr
	}
	// Between is x [NOT] BETWEEN low AND high.
	Between struct {
		At
		X, Low, High Expr
		Not          bool
	}
	// Like is x [NOT] LIKE pattern.
	Like struct {
		At
		X, Pattern Expr
		Not        bool
	}
	// Case is CASE [x] WHEN … THEN … [ELSE …] END.
	Case struct {
		At
		X          Expr
		When, Then []Expr
		Else       Expr
	}
	// Path is a step into a VARIANT: x:name, x.name or x[n].
	Path struct {
		At
		X     Expr
		Field string // or
		Index Expr
	}
	// Subquery is a query that yields one value.
	Subquery struct {
		At
		Query  *Select
		Exists bool
	}
)
