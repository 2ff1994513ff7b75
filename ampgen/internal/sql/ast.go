// Package sql reads the SELECT language that an Amp server understands (DataFusion 52.3 over sqlparser 0.59, generic
// dialect) into a syntax tree in which every node knows its place in the source file.
//
// The parser accepts what the server's planner plans. What the planner refuses, and what it parses and then silently
// ignores, is a diagnostic here, so that the tree never holds a clause without effect. Names are not resolved and types are
// not computed; a few special forms are turned into the function call that the planner makes of them (see Call.Form).
package sql

import "github.com/ampgen/ampgen/ampgen/internal/source"

// Node is any part of the tree.
type Node interface {
	// Span is the source text of the node, from its first to its last token.
	Span() source.Span
}

// Pos is the place of a node; every node embeds it.
type Pos struct{ At source.Span }

// Span implements Node.
func (p Pos) Span() source.Span { return p.At }

// Ident is a name as the user wrote it.
type Ident struct {
	Pos
	Name  string // the normalised name: ASCII lower case if unquoted, as written if quoted
	Value string // the name as written, quotes removed and doubled quotes resolved, never lower-cased
	Quote byte   // '"', '`', '\'' (an alias written as a string), or 0 when unquoted
}

// Query is a statement or a parenthesised query: WITH … body ORDER BY … LIMIT … OFFSET ….
type Query struct {
	Pos
	With    *With // nil without WITH
	Body    Body
	OrderBy []*OrderItem
	Limit   Expr           // nil without LIMIT, and for LIMIT ALL
	Offset  Expr           // nil without OFFSET; `LIMIT a, b` has offset a
	Stream  *StreamSetting // nil without SETTINGS; only a statement's outermost query can have it
}

// StreamSetting is the trailing clause SETTINGS stream = true|false.
type StreamSetting struct {
	Pos
	Value bool
}

// With is a WITH clause.
type With struct {
	Pos
	Recursive bool
	CTEs      []*CTE
}

// CTE is one `name [(columns)] AS (query)`.
type CTE struct {
	Pos
	Name    Ident
	Columns []Ident // may be empty
	Query   *Query
}

// Body is what a Query orders and limits: *Select, *SetOp, *Values, or *Query for a parenthesised query.
type Body interface {
	Node
	body()
}

// SetOp combines two bodies. INTERSECT binds tighter than UNION and EXCEPT, which associate to the left.
type SetOp struct {
	Pos
	Op     SetOperator
	OpAt   source.Span // the operator's words, quantifier included
	All    bool        // ALL; otherwise duplicates are removed
	ByName bool        // columns are matched by name (UNION only)
	Left   Body
	Right  Body
}

// SetOperator is the word of a SetOp.
type SetOperator string

// The set operators.
const (
	Union     SetOperator = "UNION"
	Intersect SetOperator = "INTERSECT"
	Except    SetOperator = "EXCEPT"
)

// Values is VALUES (…), (…); its columns are named column1, column2, ….
type Values struct {
	Pos
	Rows [][]Expr // at least one row
}

// Select is one SELECT. FROM-first queries (`FROM t SELECT a`) give the same tree.
type Select struct {
	Pos
	Distinct     *Distinct    // nil without DISTINCT
	Items        []SelectItem // at least one
	From         []TableRef   // the comma-separated items; may be empty
	Where        Expr         // nil if absent, like Having and Qualify
	GroupBy      *GroupBy     // nil if absent
	Having       Expr
	Windows      []*NamedWindow // the WINDOW clause
	Qualify      Expr
	DistributeBy []Expr // DISTRIBUTE BY: the server repartitions; no effect on the columns
}

// Distinct is DISTINCT or DISTINCT ON (…).
type Distinct struct {
	Pos
	On []Expr // nil for plain DISTINCT
}

// SelectItem is an item of a select list: *ExprItem or *Wildcard.
type SelectItem interface {
	Node
	selectItem()
}

// ExprItem is an expression with an optional alias.
type ExprItem struct {
	Pos
	Expr  Expr
	Alias *Ident // nil without alias
}

// Wildcard is `*` or `q.*` with its modifiers.
type Wildcard struct {
	Pos
	Qualifier []Ident        // nil for a plain `*`
	Exclude   []Ident        // EXCLUDE or EXCEPT (…). The planner compares Ident.Value, not Ident.Name
	Replace   []*Replacement // REPLACE (…)
}

// Replacement is `expr AS name` in a Wildcard's REPLACE. The planner compares Name.Value.
type Replacement struct {
	Pos
	Expr Expr
	Name Ident
}

// GroupBy is a GROUP BY clause.
type GroupBy struct {
	Pos
	All   bool        // GROUP BY ALL; then there are no Items
	Items []GroupItem // otherwise at least one
}

// GroupItem is an item of GROUP BY: *GroupExpr or *GroupingSets.
type GroupItem interface {
	Node
	groupItem()
}

// GroupExpr is an expression, a select alias or an ordinal.
type GroupExpr struct {
	Pos
	Expr Expr
}

// GroupingSets is GROUPING SETS (…), CUBE (…) or ROLLUP (…).
type GroupingSets struct {
	Pos
	Kind GroupingKind
	Sets [][]Expr // GROUPING SETS: its sets, which may be empty. CUBE and ROLLUP: one expression each
}

// GroupingKind is the word of a GroupingSets.
type GroupingKind string

// The grouping kinds.
const (
	Sets   GroupingKind = "GROUPING SETS"
	Cube   GroupingKind = "CUBE"
	Rollup GroupingKind = "ROLLUP"
)

// NamedWindow is `name AS (spec)` in a WINDOW clause.
type NamedWindow struct {
	Pos
	Name Ident
	Spec *WindowSpec
}

// OrderItem is a sort key.
type OrderItem struct {
	Pos
	Expr  Expr
	Desc  bool
	Nulls NullsOrder
}

// NullsOrder says where nulls sort.
type NullsOrder string

// The null orders. By default nulls sort as larger than all values.
const (
	NullsDefault NullsOrder = ""
	NullsFirst   NullsOrder = "NULLS FIRST"
	NullsLast    NullsOrder = "NULLS LAST"
)

// TableRef is an item of FROM: *Table, *TableFunction, *Derived, *Unnest, *Join or *ParenTable.
type TableRef interface {
	Node
	tableRef()
}

// TableAlias is `[AS] name [(columns)]`.
type TableAlias struct {
	Pos
	Name    Ident
	Columns []Ident // may be empty
}

// Table is a table or CTE by name.
type Table struct {
	Pos
	Name  []Ident // one or more parts
	Alias *TableAlias
}

// TableFunction is a function in FROM, such as generate_series(1, 10).
type TableFunction struct {
	Pos
	Name  []Ident
	Args  []*Arg
	Alias *TableAlias
}

// Derived is a query in FROM; VALUES in FROM is a Derived whose body is *Values.
type Derived struct {
	Pos
	Lateral bool
	Query   *Query
	Alias   *TableAlias // nil: the inner qualifiers stay visible
}

// Unnest is UNNEST(…) in FROM. It sees the FROM items to its left.
type Unnest struct {
	Pos
	Args  []Expr // at least one
	Alias *TableAlias
}

// ParenTable is a parenthesised FROM item, usually a join.
type ParenTable struct {
	Pos
	Table TableRef
	Alias *TableAlias
}

// Join is a join of two FROM items. At most one of On and Using is set, and neither when Natural is true or Kind is
// CrossJoin; an INNER JOIN without condition is a cross join.
type Join struct {
	Pos
	Kind    JoinKind
	KindAt  source.Span // the join's words
	Natural bool
	Left    TableRef
	Right   TableRef
	On      Expr
	Using   []Ident
}

// JoinKind is the kind of a Join, spelt in full.
type JoinKind string

// The join kinds.
const (
	InnerJoin     JoinKind = "INNER JOIN"
	LeftJoin      JoinKind = "LEFT JOIN"
	RightJoin     JoinKind = "RIGHT JOIN"
	FullJoin      JoinKind = "FULL JOIN"
	CrossJoin     JoinKind = "CROSS JOIN"
	LeftSemiJoin  JoinKind = "LEFT SEMI JOIN"
	RightSemiJoin JoinKind = "RIGHT SEMI JOIN"
	LeftAntiJoin  JoinKind = "LEFT ANTI JOIN"
	RightAntiJoin JoinKind = "RIGHT ANTI JOIN"
)

func (*Select) body() {}
func (*SetOp) body()  {}
func (*Values) body() {}
func (*Query) body()  {}

func (*ExprItem) selectItem() {}
func (*Wildcard) selectItem() {}

func (*GroupExpr) groupItem()    {}
func (*GroupingSets) groupItem() {}

func (*Table) tableRef()         {}
func (*TableFunction) tableRef() {}
func (*Derived) tableRef()       {}
func (*Unnest) tableRef()        {}
func (*ParenTable) tableRef()    {}
func (*Join) tableRef()          {}
