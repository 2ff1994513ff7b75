package infer

import (
	"slices"
	"strconv"
	"strings"

	"github.com/ampgen/ampgen/ampgen/internal/diag"
	"github.com/ampgen/ampgen/ampgen/internal/source"
	"github.com/ampgen/ampgen/ampgen/internal/sql"
	"github.com/ampgen/ampgen/ampgen/internal/suggest"
)

// column is a column of a relation.
type column struct {
	value
	id        int      // identity, for the keys of expressions
	qualifier []string // of one to three parts; nil without
	name      string
	unnamed   bool // an expression without alias: it cannot be referred to
	origin    *Origin
	span      source.Span // the select item
	at        source.Span // its expression
}

// display is the column's name with its qualifier.
func (c *column) display() string {
	return strings.Join(append(slices.Clone(c.qualifier), c.name), ".")
}

// relation is an ordered list of columns: a table, a join, the output of a query.
type relation struct {
	cols   []*column
	using  [][]*column // columns that USING or NATURAL made one
	blocks []int       // the row's block is the greatest of these; see block.go
	joined bool        // a join is somewhere below
}

// scope is where the names of an expression are looked up.
type scope struct {
	rel   *relation // what FROM gives
	outer *scope    // the enclosing query when the expression is in a subquery
	ctes  *cteFrame
	rules clauseRules
	group *grouping // of an aggregated SELECT, for the clauses after GROUP BY

	distinct   bool     // SELECT DISTINCT: ORDER BY takes select items only
	distinctOn []string // the keys of DISTINCT ON, which ORDER BY must begin with

	items   []*item    // the select list, where its aliases are visible
	aliases aliasOrder // whether they are, and what goes first
}

// aliasOrder says how a clause sees the aliases of the select list.
type aliasOrder uint8

const (
	noAliases    aliasOrder = iota
	columnsFirst            // GROUP BY, HAVING, QUALIFY: a FROM column of the name wins
	aliasesFirst            // ORDER BY
)

// clauseRules says what a clause allows.
type clauseRules struct {
	clause     string // for messages
	aggregates bool
	windows    bool
	unnest     bool
	scalars    bool // scalar subqueries; elsewhere the server plans them and cannot run them
	predicates bool // EXISTS and IN (SELECT …); likewise
	bothKeys   bool // a key of USING is ambiguous without qualifier: WHERE and ON do not know that it is one column
}

// condition is what WHERE and ON allow.
func condition(clause string) clauseRules {
	return clauseRules{clause: clause, scalars: true, predicates: true, bothKeys: true}
}

// lookup finds the columns that parts can mean in rel, and how many of the parts name fields below the column. Qualified
// names go before fields, as in the planner.
func (rel *relation) lookup(parts []sql.Ident) (found []*column, fields int) {
	for depth := min(len(parts)-1, 3); depth >= 0; depth-- {
		qualifier, name := parts[:depth], parts[depth].Name
		for _, c := range rel.cols {
			if c.unnamed || c.name != name || !qualifies(qualifier, c.qualifier) {
				continue
			}
			found = append(found, c)
			if depth > 0 {
				break // the first match of a qualified name wins
			}
		}
		if len(found) > 0 {
			return found, len(parts) - depth - 1
		}
	}
	return nil, 0
}

// qualifies reports whether a written qualifier fits a column's: the parts that both have are equal, counted from the end.
func qualifies(written []sql.Ident, have []string) bool {
	if len(written) == 0 {
		return true
	}
	if len(have) == 0 {
		return false
	}
	for i := 1; i <= min(len(written), len(have)); i++ {
		if written[len(written)-i].Name != have[len(have)-i] {
			return false
		}
	}
	return true
}

// columnRef types a name: a column, or fields below one.
func (s *state) columnRef(sc *scope, ref *sql.ColumnRef) *value {
	if v := s.aliasRef(sc, ref, aliasesFirst); v != nil {
		return v
	}
	if sc.rel != nil {
		if found, fields := sc.rel.lookup(ref.Parts); found != nil {
			return s.found(sc, sc.rel, ref, found, fields)
		}
	}
	if v := s.aliasRef(sc, ref, columnsFirst); v != nil {
		return v
	}
	if outer := sc.outer; outer != nil && outer.rel != nil {
		if found, fields := outer.rel.lookup(ref.Parts); found != nil {
			if fields > 0 {
				s.fault(diag.Diagnostic{Code: diag.Unsupported, Span: ref.Span(), Message: "a field of an outer query's column cannot be read here",
					Help: "select the field in the outer query and refer to that column"})
				return poison
			}
			v := *s.found(outer, outer.rel, ref, found, 0)
			v.key, v.block = outerKey+v.key, 0
			return &v
		}
	}
	s.unknownColumn(sc, ref)
	return poison
}

// aliasRef resolves a select alias if the clause sees aliases in this order.
func (s *state) aliasRef(sc *scope, ref *sql.ColumnRef, order aliasOrder) *value {
	if sc.aliases != order || order == noAliases {
		return nil
	}
	for _, it := range sc.items {
		if it.aliased && it.name == ref.Parts[0].Name {
			v := &it.value
			for _, field := range ref.Parts[1:] {
				v = s.field(v, field.Name, field.Span(), ref.Span())
			}
			return v
		}
	}
	return nil
}

// found turns lookup's answer into a value, with the fields below it.
func (s *state) found(sc *scope, rel *relation, ref *sql.ColumnRef, found []*column, fields int) *value {
	col := found[0]
	if len(found) > 1 && (sc.rules.bothKeys || !rel.merged(found)) {
		bare := slices.IndexFunc(found, func(c *column) bool { return c.qualifier == nil })
		if bare < 0 || slices.ContainsFunc(found[bare+1:], func(c *column) bool { return c.qualifier == nil }) {
			s.ambiguous(ref, found)
			return poison
		}
		col = found[bare]
	}
	v := s.use(col)
	for _, field := range ref.Parts[len(ref.Parts)-fields:] {
		v = s.field(v, field.Name, field.Span(), ref.Span())
	}
	return v
}

// use is the value of a reference to col.
func (s *state) use(col *column) *value {
	if col.bad {
		return poison
	}
	v := col.value
	v.col, v.from, v.lit, v.key = col, col, nil, columnKey(col)
	return &v
}

// columnKey identifies a column in the keys of expressions.
func columnKey(c *column) string { return "#" + strconv.Itoa(c.id) }

// merged reports whether one USING made all of cols the same column; the first then stands for them.
func (rel *relation) merged(cols []*column) bool {
	for _, set := range rel.using {
		if !slices.ContainsFunc(cols, func(c *column) bool { return !slices.Contains(set, c) }) {
			return true
		}
	}
	return false
}

func (s *state) ambiguous(ref *sql.ColumnRef, found []*column) {
	name := ref.Parts[0].Name
	var in []string
	for _, c := range found {
		in = append(in, c.display())
	}
	help := "write the table's name or alias in front of it"
	if found[0].qualifier != nil {
		help = "write " + found[0].display() + ", or the other one"
	}
	s.fault(diag.Diagnostic{Code: diag.AmbiguousColumn, Span: ref.Span(), Message: "column " + quote(name) + " is ambiguous",
		Note: "it can be " + strings.Join(in, " or "), Help: help})
}

// unknownColumn reports a name that nothing in scope has.
func (s *state) unknownColumn(sc *scope, ref *sql.ColumnRef) {
	if sc.rel != nil && slices.ContainsFunc(sc.rel.cols, func(c *column) bool { return c.bad }) {
		s.faults++ // a column that a reported fault hides may be the one
		return
	}
	last := ref.Parts[len(ref.Parts)-1]
	d := diag.Diagnostic{Code: diag.UnknownColumn, Span: ref.Span(), Message: "unknown column " + quote(written(ref.Parts))}
	if sc.rel == nil || len(sc.rel.cols) == 0 {
		d.Note = "there is no FROM that could have it"
		s.fault(d)
		return
	}
	if len(ref.Parts) > 1 {
		qualifier := ref.Parts[:len(ref.Parts)-1]
		var tables, columns []string
		for _, c := range sc.rel.cols {
			tables = appendNew(tables, strings.Join(c.qualifier, "."))
			if qualifies(qualifier, c.qualifier) {
				columns = append(columns, c.name)
			}
		}
		if len(columns) == 0 {
			d.Note = "no table in FROM is called " + quote(written(qualifier))
			d.Help = suggest.DidYouMean(written(qualifier), tables)
		} else {
			d.Help = suggest.DidYouMean(last.Name, columns)
			if d.Help == "" {
				d.Note = written(qualifier) + " has " + list(columns)
			}
		}
		s.fault(d)
		return
	}
	columns := names(sc.rel.cols)
	d.Help = suggest.DidYouMean(last.Name, columns)
	switch {
	case last.Quote == 0 && last.Value != last.Name && slices.Contains(columns, last.Value):
		d.Help = "write " + quote(last.Value) + " in double quotes, since names without quotes are lower-cased"
	case last.Quote == '"':
		d.Note = "double quotes make a column name; text is written in single quotes"
	case d.Help == "":
		d.Note = "there are " + list(columns)
	}
	s.fault(d)
}

// written is a dotted name as the planner reads it.
func written(parts []sql.Ident) string {
	out := make([]string, len(parts))
	for i, p := range parts {
		out[i] = p.Name
	}
	return strings.Join(out, ".")
}

// list is a short enumeration for a note.
func list(words []string) string {
	const most = 8
	if len(words) > most {
		return strings.Join(words[:most], ", ") + " and more"
	}
	return strings.Join(words, ", ")
}

func appendNew(list []string, s string) []string {
	if s == "" || slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}
