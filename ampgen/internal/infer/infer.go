// Package infer computes the output columns of a query from its text and the catalog: names, exact Arrow types, nullability
// and where each column comes from.
//
// It follows DataFusion 52.3, which an Amp server plans with. That server announces the schema of the plan as written and
// sends the data of the plan after type coercion, and the two can differ. Inference therefore computes both for every
// expression, and refuses a query whose output would be announced with one type and sent with another. What it cannot type
// it refuses as well; it never guesses.
//
// A query is planned from the inside out: FROM items become relations (from.go), a SELECT turns a relation into another
// (select.go, group.go), and expressions are typed against the relations in scope (expr.go and its neighbours). Streams have
// more rules, which are checked where the construct is planned (stream.go).
package infer

import (
	"fmt"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ampgen/ampgen/ampgen/internal/catalog"
	"github.com/ampgen/ampgen/ampgen/internal/coerce"
	"github.com/ampgen/ampgen/ampgen/internal/diag"
	"github.com/ampgen/ampgen/ampgen/internal/source"
	"github.com/ampgen/ampgen/ampgen/internal/sql"
	"github.com/ampgen/ampgen/ampgen/internal/suggest"
)

// Options are what the query's annotations say.
type Options struct {
	Stream    bool                // the query is a :stream
	Overrides map[string]Override // by output column: the @col annotations
	// Locked is what a server announced, by output column. It is used only where inference and annotations have no type.
	Locked map[string]arrow.Field
}

// stated is the type of an output column that inference cannot know, from its annotation or from what the server announced.
func (o *Options) stated(name string) (arrow.Field, bool) {
	if override := o.Overrides[name]; override.Type != nil {
		return arrow.Field{Name: name, Type: override.Type, Nullable: true}, true
	}
	field, ok := o.Locked[name]
	return field, ok
}

// Override is a @col annotation: what inference cannot know.
type Override struct {
	Type    arrow.DataType // nil: only NotNull is stated. Allowed only where inference has no type
	NotNull bool           // the column never holds null, although its type would allow it
	At      source.Span
}

// Result describes a query's output and what it reads.
type Result struct {
	Columns  []Column
	Block    int // index in Columns of the column that provably holds the row's block number in the stream; -1 if none
	Tables   []TableUse
	Networks []string // the known network ids of the tables, sorted

	// What the statement contains anywhere, for those who want to cut it into block ranges.
	Aggregated   bool // an aggregate function, GROUP BY, DISTINCT or a set operation that removes duplicates
	Windowed     bool
	Ordered      bool
	Limited      bool
	Joined       bool
	BlockNumCall bool // block_num() is called, so the statement only runs as a stream
}

// Column is one output column.
type Column struct {
	Name      string
	Type      arrow.DataType // of the data; equals the announced type
	Nullable  bool           // the data can hold null
	Announced arrow.Field    // as in the schema of FlightInfo; its nullability can be wrong, Nullable is not
	Logical   string         // "uint256" or "int256": Utf8 text of such a number; else empty
	Span      source.Span    // the select item
	Origin    *Origin        // the table column that is passed through unchanged; nil for computed columns
	IsBlock   bool           // provably the row's block number in the stream
}

// Origin is a column of a table.
type Origin struct {
	Dataset, Table, Column string
}

// TableUse is a table that the query reads.
type TableUse struct {
	Dataset string // the dataset reference as written
	Table   string
	Network string // empty when only the server knows it
	Kind    catalog.Kind
	Span    source.Span // its first use
}

// Query infers the output of q. Faults go to diags; the result is nil if there is any.
func Query(q *sql.Query, cat *catalog.Catalog, opts Options, diags *diag.List) *Result {
	s := &state{cat: cat, opts: opts, diags: diags, values: map[sql.Expr]*value{}, constants: map[sql.Expr]bool{}}
	if q.Stream != nil && q.Stream.Value != opts.Stream {
		s.settingConflict(q.Stream)
	}
	rel := s.query(q, nil, nil)
	if len(rel.cols) > 0 {
		s.checkOutput(rel)
	}
	if opts.Stream {
		s.checkStream(q, rel)
	}
	if s.faults > 0 {
		return nil
	}
	return s.result(rel)
}

// state is what the planning of one statement carries along.
type state struct {
	cat    *catalog.Catalog
	opts   Options
	diags  *diag.List
	faults int

	values    map[sql.Expr]*value // every expression that was typed
	constants map[sql.Expr]bool   // what constant answered
	nextID    int                 // identities of columns and blocks
	sameAs    map[int]int         // block identities that are proven equal: a union-find forest
	useOrder  []*use
	res       Result // the flags are set while planning
}

// use is a table that was planned, with what the stream rules need.
type use struct {
	TableUse
	dataset *catalog.Dataset
}

// fault reports d.
func (s *state) fault(d diag.Diagnostic) {
	s.faults++
	s.diags.Add(d)
}

// newID returns a fresh identity; they are positive.
func (s *state) newID() int {
	s.nextID++
	return s.nextID
}

// result assembles the answer after all checks passed.
func (s *state) result(rel *relation) *Result {
	res := s.res
	res.Block = s.blockColumn(rel)
	for _, c := range rel.cols {
		col := Column{
			Name: c.name, Type: c.a.Type, Nullable: c.a.Nullable, Logical: c.logical(), Span: c.span, Origin: c.origin,
			Announced: arrow.Field{Name: c.name, Type: c.r.Type, Nullable: c.r.Nullable},
			IsBlock:   s.isBlock(rel, c),
		}
		if field, ok := s.opts.stated(c.name); ok && col.Type == nil {
			col.Type, col.Nullable, col.Announced = field.Type, field.Nullable, field
		}
		if s.opts.Overrides[c.name].NotNull {
			col.Nullable = false
		}
		res.Columns = append(res.Columns, col)
	}
	for _, u := range s.useOrder {
		if !slices.ContainsFunc(res.Tables, func(t TableUse) bool { return t.Dataset == u.Dataset && t.Table == u.Table }) {
			res.Tables = append(res.Tables, u.TableUse)
		}
		if u.Network != "" && !slices.Contains(res.Networks, u.Network) {
			res.Networks = append(res.Networks, u.Network)
		}
	}
	slices.Sort(res.Networks)
	return &res
}

// checkOutput checks what holds for the statement's own columns only: they have names, no two the same, and one type each.
func (s *state) checkOutput(rel *relation) {
	seen := map[string]*column{}
	twice := map[[2]source.Span][]*column{} // by the places of both: a * may double many
	for _, c := range rel.cols {
		if c.bad {
			continue
		}
		if c.unnamed {
			s.fault(diag.Diagnostic{
				Code: diag.Unaliased, Span: c.span, Message: "the expression has no alias",
				Note: "the server would make up a name from the expression's text", Help: "add \"as name\" after it",
			})
		} else if first, ok := seen[c.name]; ok {
			twice[[2]source.Span{first.span, c.span}] = append(twice[[2]source.Span{first.span, c.span}], c)
		} else {
			seen[c.name] = c
		}
		s.checkType(c)
	}
	for places, cols := range twice {
		s.duplicateOutput(cols, places[0])
	}
	for name, o := range s.opts.Overrides {
		if _, ok := seen[name]; !ok && !slices.ContainsFunc(rel.cols, func(c *column) bool { return c.bad && c.name == name }) {
			s.fault(diag.Diagnostic{Code: diag.Annotation, Span: o.At, Message: "@col names " + quote(name) + ", which is no output column",
				Help: suggest.DidYouMean(name, names(rel.cols))})
		}
	}
}

// duplicateOutput reports columns of one place whose names those of the place first have already.
func (s *state) duplicateOutput(cols []*column, first source.Span) {
	c := cols[0]
	d := diag.Diagnostic{Code: diag.DuplicateOutput, Span: c.span, Message: "two output columns are called " + quote(c.name),
		Note: "the other one is at " + first.Position().String(), Help: "give one of them another alias"}
	if len(cols) > 1 {
		d.Message = fmt.Sprintf("%d names are those of two output columns each: %s", len(cols), list(names(cols)))
		d.Help = "list the columns that you want, or leave some out with * EXCLUDE (…)"
	}
	switch {
	case c.unnamed:
		d.Message = "two select items are the same expression"
	case c.span == first:
		d.Note, d.Help = "the * has it from several tables", "name the columns instead of *"
	}
	s.fault(d)
}

// checkType refuses a column whose type is unknown, or announced otherwise than it is sent.
func (s *state) checkType(c *column) {
	override := s.opts.Overrides[c.name]
	_, stated := s.opts.stated(c.name)
	switch {
	case c.unknown.Valid() && !stated:
		s.fault(diag.Diagnostic{
			Code: diag.UnprovableColumn, Span: c.unknown, Message: "the type of column " + quote(c.name) + " cannot be inferred",
			Note: "the catalog does not say what this returns",
			Help: "map the dataset in ampgen.yaml, state the type with \"-- @col " + c.name + " type=…\", or run \"ampgen describe\" against a server",
		})
	case c.unknown.Valid():
	case override.Type != nil:
		s.fault(diag.Diagnostic{
			Code: diag.Annotation, Span: override.At, Message: "@col states a type for " + quote(c.name) + ", whose type is known",
			Note: "it is " + coerce.Format(c.a.Type), Help: "remove type=…, or change the expression with a CAST",
		})
	case !coerce.Equal(c.r.Type, c.a.Type):
		at, r, a := c.at, c.r.Type, c.a.Type
		if c.differ != nil {
			at, r, a = c.differ.span, c.differ.r, c.differ.a
		}
		s.fault(diag.Diagnostic{
			Code: diag.AnnouncedType, Span: at, Message: "the server announces " + coerce.Format(r) + " here and sends " + coerce.Format(a),
			Note: "a client decodes by the announced type, and would read wrong values without an error",
			Help: settle(at, r, a),
		})
	}
}

func names(cols []*column) []string {
	var out []string
	for _, c := range cols {
		if !c.unnamed {
			out = append(out, c.name)
		}
	}
	return out
}
