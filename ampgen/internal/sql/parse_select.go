package sql

import (
	"strings"

	"github.com/ampgen/ampgen/ampgen/internal/diag"
	"github.com/ampgen/ampgen/ampgen/internal/suggest"
)

// words makes a set of a space-separated list.
func words(list string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(list) {
		set[w] = true
	}
	return set
}

// reservedColumnAlias are the words that need AS to be a column's alias.
var reservedColumnAlias = words(`WITH EXPLAIN ANALYZE SELECT WHERE GROUP SORT HAVING ORDER TOP LATERAL VIEW LIMIT OFFSET FETCH UNION
	EXCEPT EXCLUDE INTERSECT MINUS CLUSTER DISTRIBUTE RETURNING FROM INTO END`)

// alias parses an optional alias; a bare one must not be reserved.
func (p *parser) alias(reserved map[string]bool) *Ident {
	if p.acceptWords("AS") {
		if k := p.peek(1).Kind; p.isWord(0, "FROM") && !p.isWord(1, "FROM") && (k == Word || k == QuotedName) {
			p.expected("an alias")
		}
		name := p.identifier("an alias")
		return &name
	}
	t := p.peek(0)
	if t.Kind != QuotedName && t.Kind != StringToken && (t.Kind != Word || reserved[t.Text]) {
		return nil
	}
	p.aliasAt = p.pos
	name := p.ident(p.next())
	return &name
}

// selectBody parses SELECT … and FROM … SELECT ….
func (p *parser) selectBody() *Select {
	start, s := p.pos, &Select{}
	windowNames, inSelectList := p.windowNames, p.inSelectList
	p.windowNames = nil
	fromFirst := p.acceptWords("FROM")
	if fromFirst {
		s.From = p.fromItems()
		if !p.isWord(0, "SELECT") {
			p.ignored(p.at(p.tokens[start]), "FROM without SELECT", "write SELECT * FROM …")
			s.Pos = p.since(start)
			return s
		}
	}
	p.expectWord("SELECT")
	p.selectHead(s)
	p.inSelectList = true
	s.Items = p.selectItems()
	p.inSelectList = false
	p.selectInto()
	if !fromFirst && p.acceptWords("FROM") {
		s.From = p.fromItems()
	}
	p.selectFilters(s)
	p.selectTail(s)
	p.checkWindows(s)
	p.windowNames, p.inSelectList = windowNames, inSelectList
	s.Pos = p.since(start)
	return s
}

// selectHead parses what stands between SELECT and the first item.
func (p *parser) selectHead(s *Select) {
	start := p.pos
	switch {
	case p.acceptWords("ALL"):
	case p.acceptWords("DISTINCT"):
		s.Distinct = &Distinct{}
		if p.acceptWords("ON") {
			s.Distinct.On = parens(p, p.exprList)
		}
		s.Distinct.Pos = p.since(start)
	case p.isWord(0, "TOP"):
		p.next()
		p.unsupported(p.since(start).At, "TOP", `write LIMIT; to name a column so, quote it: "top"`)
		p.abandon()
	}
}

func (p *parser) selectInto() {
	if t := p.peek(0); p.acceptWords("INTO") {
		p.refuse(diag.Unsupported, p.at(t), "SELECT … INTO is not a query", "delete INTO; a sink annotation says where rows go")
		p.dotted("a table name")
	}
}

// selectItems parses the select list; a comma may end it.
func (p *parser) selectItems() []SelectItem {
	if t := p.peek(0); inWords(t, "FROM") && !p.isWord(1, "FROM") {
		p.ignored(p.at(t), "an empty select list", "name the columns, or write SELECT * FROM …")
		return nil
	}
	var items []SelectItem
	for {
		items = append(items, p.selectItem())
		if !p.acceptSymbol(",") || p.endsSelectList() {
			return items
		}
	}
}

// endsSelectList reports whether the comma just consumed was a trailing one, as the server sees it.
func (p *parser) endsSelectList() bool {
	switch t := p.peek(0); t.Kind {
	case EOF:
		return true
	case Symbol:
		return strings.Contains(")]};", t.Text)
	case Word:
		return reservedColumnAlias[t.Text]
	}
	return false
}

func (p *parser) selectItem() SelectItem {
	start := p.pos
	if qualifier, ok := p.star(); ok {
		return p.wildcard(start, qualifier)
	}
	e := p.expr()
	alias := p.alias(reservedColumnAlias)
	return &ExprItem{Pos: p.since(start), Expr: e, Alias: alias}
}

// star consumes `*` or `q.*` if one stands here.
func (p *parser) star() (qualifier []Ident, ok bool) {
	n := 0
	for k := p.peek(n).Kind; k == Word || k == QuotedName || k == StringToken; k = p.peek(n).Kind {
		if !p.isSymbol(n+1, ".") {
			return nil, false
		}
		qualifier = append(qualifier, p.ident(p.peek(n)))
		n += 2
	}
	if !p.isSymbol(n, "*") {
		return nil, false
	}
	p.pos += n + 1
	return qualifier, true
}

// wildcard parses the modifiers of a star.
func (p *parser) wildcard(start int, qualifier []Ident) *Wildcard {
	w := &Wildcard{Qualifier: qualifier}
	at := p.pos
	switch {
	case p.acceptWords("ILIKE"):
		p.expr()
		p.ignored(p.since(at).At, "* ILIKE", "list the columns, or write * EXCLUDE (…)")
	case p.acceptWords("EXCLUDE"):
		w.Exclude = p.excluded()
	}
	if p.acceptWords("EXCEPT") {
		w.Exclude = append(w.Exclude, p.excluded()...)
	}
	if p.acceptWords("REPLACE") {
		w.Replace = parens(p, func() []*Replacement { return list(p, p.replacement) })
	}
	if at := p.pos; p.acceptWords("RENAME") {
		p.unsupported(p.since(at).At, "* RENAME", "write * EXCLUDE (a), a AS b")
		p.abandon()
	}
	w.Pos = p.since(start)
	if p.isWord(0, "AS") {
		p.expected(`FROM or ","`)
	}
	return w
}

// excluded parses one name, or several in parentheses.
func (p *parser) excluded() []Ident {
	name := func() Ident { return p.identifier("a column name") }
	if p.isSymbol(0, "(") {
		return parens(p, func() []Ident { return list(p, name) })
	}
	return []Ident{name()}
}

func (p *parser) replacement() *Replacement {
	start, r := p.pos, &Replacement{}
	r.Expr = p.expr()
	p.acceptWords("AS")
	r.Name = p.identifier("a column name")
	r.Pos = p.since(start)
	return r
}

// selectFilters parses the clauses from FROM to HAVING.
func (p *parser) selectFilters(s *Select) {
	if at := p.pos; p.acceptWords("LATERAL", "VIEW") {
		p.unsupported(p.since(at).At, "LATERAL VIEW", "write UNNEST(…) in FROM")
		p.abandon()
	}
	if at := p.pos; p.acceptWords("PREWHERE") {
		p.expr()
		p.ignored(p.since(at).At, "PREWHERE", "write WHERE")
	}
	if p.acceptWords("WHERE") {
		s.Where = p.expr()
	}
	if p.isWord(0, "GROUP") && p.isWord(1, "BY") {
		s.GroupBy = p.groupBy()
	}
	p.unsupportedBy("CLUSTER", "delete it")
	if p.acceptWords("DISTRIBUTE", "BY") {
		s.DistributeBy = p.exprList()
	}
	p.unsupportedBy("SORT", "write ORDER BY")
	if p.acceptWords("HAVING") {
		s.Having = p.expr()
	}
}

func (p *parser) unsupportedBy(word, help string) {
	at := p.pos
	if p.acceptWords(word, "BY") {
		p.exprList()
		p.unsupported(p.since(at).At, word+" BY", help)
	}
}

// selectTail parses WINDOW and QUALIFY, in either order, and refuses CONNECT BY.
func (p *parser) selectTail(s *Select) {
	windows := func() {
		if p.acceptWords("WINDOW") {
			s.Windows = list(p, p.namedWindow)
		}
	}
	windows()
	if p.acceptWords("QUALIFY") {
		s.Qualify = p.expr()
	}
	if s.Windows == nil {
		windows()
	}
	at := p.pos
	for p.areWords("START", "WITH") || p.areWords("CONNECT", "BY") {
		p.pos += 2
		p.acceptWords("NOCYCLE")
		p.connectCondition()
	}
	if p.pos > at {
		p.ignored(p.since(at).At, "CONNECT BY", "write WITH RECURSIVE")
	}
}

// connectCondition parses a condition in which PRIOR may stand before a column.
func (p *parser) connectCondition() {
	for !p.areWords("START", "WITH") && !p.areWords("CONNECT", "BY") && p.peek(0).Kind != EOF && !p.isSymbol(0, ")") &&
		!p.isSymbol(0, ";") {
		if closing := p.match[p.pos]; closing > 0 {
			p.pos = closing
		}
		p.next()
	}
}

func (p *parser) groupBy() *GroupBy {
	start, g := p.pos, &GroupBy{}
	p.pos += 2
	if p.acceptWords("ALL") {
		g.All = true
	} else {
		g.Items = list(p, p.groupItem)
	}
	g.Pos = p.since(start)
	for at := p.pos; p.isWord(0, "WITH") && p.isWord(1, "ROLLUP", "CUBE", "TOTALS"); at = p.pos {
		kind := p.peek(1).Text
		p.pos += 2
		help := "write GROUP BY " + kind + " (…)"
		if kind == "TOTALS" {
			help = "write GROUP BY GROUPING SETS ((…), ())"
		}
		p.ignored(p.since(at).At, "WITH "+kind, help)
	}
	return g
}

func (p *parser) groupItem() GroupItem {
	start := p.pos
	sets := &GroupingSets{}
	switch {
	case p.areWords("GROUPING", "SETS"):
		p.pos += 2
		sets.Kind = Sets
		sets.Sets = parens(p, func() [][]Expr {
			return list(p, func() []Expr { return parens(p, p.exprListOrNone) })
		})
	case p.isWord(0, "CUBE", "ROLLUP") && p.isSymbol(1, "("):
		sets.Kind = GroupingKind(p.next().Text)
		sets.Sets = parens(p, func() [][]Expr {
			return list(p, func() []Expr { return []Expr{p.cubeMember(sets.Kind)} })
		})
	case p.isSymbol(0, "(") && p.isSymbol(1, ")"):
		p.pos += 2
		p.unsupported(p.since(start).At, "GROUP BY ()", "leave GROUP BY out, or write GROUPING SETS (())")
		return &GroupExpr{Pos: p.since(start), Expr: &Literal{Pos: p.since(start), Kind: Null}}
	default:
		e := p.expr()
		return &GroupExpr{Pos: p.since(start), Expr: e}
	}
	sets.Pos = p.since(start)
	return sets
}

// cubeMember parses a member of CUBE or ROLLUP, which must not be a tuple.
func (p *parser) cubeMember(kind GroupingKind) Expr {
	e := p.expr()
	if s, ok := e.(*Struct); ok && s.Tuple {
		p.unsupported(s.At, "a tuple in "+string(kind), "write GROUPING SETS (…)")
	}
	return e
}

func (p *parser) namedWindow() *NamedWindow {
	start, w := p.pos, &NamedWindow{}
	w.Name = p.identifier("a window name")
	p.expectWord("AS")
	if !p.isSymbol(0, "(") {
		other := p.identifier(`"("`)
		p.unsupported(other.At, "a window defined by another window", "write its PARTITION BY and ORDER BY out")
	} else {
		w.Spec = parens(p, p.windowSpec)
	}
	w.Pos = p.since(start)
	return w
}

// checkWindows reports OVER names that the select does not define.
func (p *parser) checkWindows(s *Select) {
	var defined []string
	for _, w := range s.Windows {
		defined = append(defined, w.Name.Name)
	}
	for _, name := range p.windowNames {
		known := false
		for _, d := range defined {
			known = known || d == name.Name
		}
		if known {
			continue
		}
		help := suggest.DidYouMean(name.Name, defined)
		if help == "" {
			help = "add WINDOW " + name.At.Text() + " AS (…) after HAVING"
		}
		p.refuse(diag.QueryStructure, name.At, "window "+name.Name+" is not defined", help)
	}
}
