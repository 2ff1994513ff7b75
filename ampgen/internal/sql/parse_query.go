package sql

import (
	"strings"

	"github.com/ampgen/ampgen/ampgen/internal/diag"
	"github.com/ampgen/ampgen/ampgen/internal/suggest"
)

// otherStatements are the first words of statements that are not queries.
var otherStatements = []string{
	"ALTER", "ANALYZE", "BEGIN", "CALL", "COMMIT", "COPY", "CREATE", "DEALLOCATE", "DELETE", "DESC", "DESCRIBE", "DROP", "EXECUTE",
	"EXPLAIN", "GRANT", "INSERT", "MERGE", "PREPARE", "REPLACE", "RESET", "REVOKE", "ROLLBACK", "SET", "SHOW", "START", "TRUNCATE",
	"UPDATE", "USE", "VACUUM",
}

// statement parses the whole statement.
func (p *parser) statement() *Query {
	p.enter()
	defer p.leave()
	t := p.peek(0)
	switch {
	case p.isWord(0, otherStatements...):
		p.refuse(diag.Unsupported, p.at(t), t.Text+" is not a query", "write a SELECT")
		return nil
	case !p.isWord(0, "SELECT", "WITH", "VALUES", "FROM") && !p.isSymbol(0, "("):
		p.syntax(p.faultAt(t), "expected SELECT, WITH, VALUES or FROM, found "+p.describe(t),
			suggest.DidYouMean(t.Text, []string{"SELECT", "WITH", "VALUES", "FROM"}))
		return nil
	}
	q := p.query(true)
	for p.acceptSymbol(";") {
	}
	if p.peek(0).Kind != EOF {
		p.unexpected()
	}
	return q
}

// clauseWords are the words that can go on with a query after a table or a select item.
var clauseWords = []string{
	"FROM", "WHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "OFFSET", "UNION", "INTERSECT", "EXCEPT", "JOIN", "INNER", "LEFT", "RIGHT",
	"FULL", "CROSS", "NATURAL", "QUALIFY", "WINDOW", "SETTINGS", "USING", "AND", "OR",
}

// unexpected fails at a token after what was, so far, a whole query. A misspelt keyword has often been taken for an alias.
func (p *parser) unexpected() {
	const want = "expected the next clause or the end of the statement, found "
	t := p.peek(0)
	if alias := p.tokens[max(p.aliasAt, 0)]; p.aliasAt >= 0 && p.aliasAt == p.pos-1 {
		if help := suggest.DidYouMean(alias.Text, clauseWords); help != "" {
			p.syntax(p.at(alias), want+p.describe(alias), help)
			return
		}
	}
	help := p.misplaced(t)
	if help == "" && t.Kind == Word {
		help = suggest.DidYouMean(t.Text, clauseWords)
	}
	if help == "" && (t.Kind == Word || t.Kind == QuotedName || t.Kind == NumberToken || t.Kind == StringToken) {
		help = "a comma may be missing before it"
	}
	p.syntax(p.at(t), want+p.describe(t), help)
}

// misplaced is the help for a word or symbol that the language has, but not here.
func (p *parser) misplaced(t Token) string {
	switch {
	case p.pos > 0 && p.tokens[p.pos-1].Text == ";":
		return "only one statement can stand here"
	case t.Kind == Symbol && strings.Contains(")]}", t.Text):
		return "delete it, or open it before"
	case inWords(t, "GROUP", "ORDER") && !p.isWord(1, "BY"):
		return "write " + t.Text + " BY"
	case inWords(t, "ON", "USING"):
		return t.Text + " belongs directly behind a JOIN with a table"
	case inWords(t, "OUTER"):
		return "write LEFT, RIGHT or FULL OUTER JOIN"
	case inWords(t, "UNION", "INTERSECT", "EXCEPT"):
		return "put the query before " + t.Text + " into parentheses"
	case inWords(t, clauseWords...):
		return "clauses stand in the order FROM, WHERE, GROUP BY, HAVING, WINDOW, QUALIFY, ORDER BY, LIMIT, SETTINGS"
	}
	return ""
}

// query parses [WITH …] body [ORDER BY …] [LIMIT …] [OFFSET …]; the outermost one may have SETTINGS.
func (p *parser) query(outermost bool) *Query {
	p.enter()
	defer p.leave()
	start, q := p.pos, &Query{}
	if p.isWord(0, "WITH") {
		q.With = p.with()
	}
	q.Body = p.body(0)
	if p.acceptWords("ORDER", "BY") {
		q.OrderBy = list(p, p.orderItem)
	}
	p.interpolate()
	p.limits(q)
	p.settings(q, outermost)
	q.Pos = p.since(start)
	p.trailers()
	return q
}

func (p *parser) with() *With {
	start, w := p.pos, &With{}
	p.next()
	w.Recursive = p.acceptWords("RECURSIVE")
	w.CTEs = list(p, p.cte)
	w.Pos = p.since(start)
	return w
}

func (p *parser) cte() *CTE {
	start, c := p.pos, &CTE{}
	if p.isWord(0, "SELECT") && p.pos > 0 && p.tokens[p.pos-1].Text == "," {
		p.syntax(p.at(p.tokens[p.pos-1]), "expected a query name after the comma, found SELECT", "delete the comma")
	}
	c.Name = p.identifier("a query name")
	if p.isSymbol(0, "(") && !p.isWord(1, "SELECT") {
		c.Columns = p.columnNames()
	}
	p.expectWord("AS")
	if at := p.pos; p.acceptWords("MATERIALIZED") || p.acceptWords("NOT", "MATERIALIZED") {
		p.unsupported(p.since(at).At, "MATERIALIZED", "delete it")
	}
	c.Query = parens(p, func() *Query { return p.query(false) })
	c.Pos = p.since(start)
	return c
}

// columnNames parses the parenthesised names of an alias. Types beside them have no effect.
func (p *parser) columnNames() []Ident {
	return parens(p, func() []Ident {
		return list(p, func() Ident {
			name := p.identifier("a column name")
			if start := p.pos; !p.isSymbol(0, ",") && !p.isSymbol(0, ")") {
				p.typeName()
				p.ignored(p.since(start).At, "a type in a list of column aliases", "delete it, and CAST the column where it is made")
			}
			return name
		})
	})
}

// body parses selects joined by set operators of at least precedence least.
func (p *parser) body(least int) Body {
	start := p.pos
	left := p.bodyPrimary()
	for {
		t := p.peek(0)
		precedence := 1
		switch {
		case p.isWord(0, "INTERSECT"):
			precedence = 2
		case !p.isWord(0, "UNION", "EXCEPT", "MINUS"):
			return left
		}
		if precedence <= least {
			return left
		}
		opStart := p.pos
		p.next()
		s := &SetOp{Op: SetOperator(t.Text), Left: left}
		if s.All = p.acceptWords("ALL"); !s.All {
			p.acceptWords("DISTINCT")
		}
		s.ByName = p.acceptWords("BY", "NAME")
		s.OpAt = p.since(opStart).At
		switch {
		case t.Text == "MINUS":
			p.unsupported(p.at(t), "MINUS", "write EXCEPT")
		case s.ByName && s.Op != Union:
			p.unsupported(s.OpAt, t.Text+" BY NAME", "list the columns of both sides in the same order")
		}
		s.Right = p.body(precedence)
		s.Pos = p.since(start)
		left = s
	}
}

func (p *parser) bodyPrimary() Body {
	start := p.pos
	switch {
	case p.isWord(0, "SELECT", "FROM"):
		return p.selectBody()
	case p.isWord(0, "VALUES"):
		return p.values()
	case p.isSymbol(0, "("):
		q := parens(p, func() *Query { return p.query(false) })
		q.Pos = p.since(start)
		return q
	}
	p.expected("SELECT")
	return &Values{Pos: p.since(start)}
}

func (p *parser) values() *Values {
	start, v := p.pos, &Values{}
	p.next()
	v.Rows = list(p, func() []Expr {
		p.acceptWords("ROW")
		return parens(p, p.exprList)
	})
	v.Pos = p.since(start)
	return v
}

func (p *parser) orderItem() *OrderItem {
	start, o := p.pos, &OrderItem{}
	o.Expr = p.expr()
	if o.Desc = p.acceptWords("DESC"); !o.Desc {
		p.acceptWords("ASC")
	}
	switch {
	case p.acceptWords("NULLS", "FIRST"):
		o.Nulls = NullsFirst
	case p.acceptWords("NULLS", "LAST"):
		o.Nulls = NullsLast
	}
	o.Pos = p.since(start)
	if fill := p.pos; p.acceptWords("WITH", "FILL") {
		p.unsupported(p.since(fill).At, "WITH FILL", "join a generate_series to fill gaps")
		p.abandon()
	}
	return o
}

func (p *parser) interpolate() {
	if t := p.peek(0); p.acceptWords("INTERPOLATE") {
		p.unsupported(p.at(t), "INTERPOLATE", "delete it")
		p.abandon()
	}
}

// limits parses LIMIT and OFFSET, in either order.
func (p *parser) limits(q *Query) {
	for limit, offset := false, false; ; {
		start := p.pos
		switch {
		case !limit && p.acceptWords("LIMIT"):
			limit = true
			if p.acceptWords("ALL") {
				break
			}
			q.Limit = p.expr()
			if !offset && p.acceptSymbol(",") {
				q.Offset, q.Limit, offset = q.Limit, p.expr(), true
			}
			if p.isWord(0, "BY") {
				p.next()
				p.exprList()
				p.unsupported(p.since(start).At, "LIMIT … BY", "filter on row_number() OVER (PARTITION BY …) with QUALIFY")
			}
		case !offset && p.acceptWords("OFFSET"):
			offset = true
			q.Offset = p.expr()
			if !p.acceptWords("ROWS") {
				p.acceptWords("ROW")
			}
		default:
			return
		}
	}
}

// settings parses SETTINGS key = value, …. Only stream has a meaning, only with a boolean literal, and only on the statement.
func (p *parser) settings(q *Query, outermost bool) {
	clause := p.pos
	if !p.acceptWords("SETTINGS") {
		return
	}
	faults := len(p.faults)
	settings := list(p, func() *StreamSetting { return p.setting(clause) })
	if !outermost && len(p.faults) == faults {
		p.ignored(p.since(clause).At, "SETTINGS in a subquery", "move it to the end of the statement")
	}
	for _, s := range settings {
		if s != nil && q.Stream != nil {
			p.syntax(s.At, "SETTINGS stream is given twice", "keep one of them")
		}
		if s != nil {
			q.Stream = s
		}
	}
}

// setting parses one `key = value`; it answers nil for a setting that means nothing to the server.
func (p *parser) setting(clause int) *StreamSetting {
	start := p.pos
	key := p.identifier("a setting")
	p.expectSymbol("=")
	value := p.expr()
	at := p.since(start).At
	constant, _ := value.(*Literal)
	switch {
	case lowerASCII(key.Value) != "stream":
		help := suggest.DidYouMean(key.Value, []string{"stream"})
		if help == "" {
			help = "delete it: the only setting is stream"
		}
		p.ignored(at, "SETTINGS "+key.Value, help)
	case constant == nil || constant.Kind != Boolean:
		p.ignored(at, "SETTINGS "+at.Text(), "write SETTINGS stream = true")
	default:
		return &StreamSetting{Pos: p.since(clause), Value: constant.Value == "true"}
	}
	return nil
}

// trailers refuses what may follow a query and has no effect, or none that the server knows.
func (p *parser) trailers() {
	for {
		start := p.pos
		switch {
		case p.acceptWords("FETCH"):
			p.unsupported(p.since(start).At, "FETCH", "write LIMIT")
			p.abandon()
		case p.isWord(0, "FOR") && p.isWord(1, "UPDATE", "SHARE", "XML", "JSON", "BROWSE"):
			what := "FOR " + p.peek(1).Text
			p.pos += 2
			p.ignored(p.since(start).At, what, "delete it")
			p.abandon()
		case p.acceptWords("FORMAT"):
			p.identifier("a format")
			p.ignored(p.since(start).At, "FORMAT", "delete it")
		case p.acceptSymbol("|>"):
			p.unsupportedPipe(start)
		default:
			return
		}
	}
}

// unsupportedPipe refuses pipe syntax. The server plans part of it, with rules of its own for names and column order.
func (p *parser) unsupportedPipe(start int) {
	p.refuse(diag.Unsupported, p.since(start).At, "ampgen does not read pipe syntax", "write the steps as WITH queries")
	p.abandon()
}

func inWords(t Token, words ...string) bool {
	if t.Kind != Word {
		return false
	}
	for _, w := range words {
		if t.Text == w {
			return true
		}
	}
	return false
}
