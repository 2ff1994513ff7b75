package sql

const aTable = "a table"

// reservedTableAlias are the words that need AS to be a table's alias.
var reservedTableAlias = words(`WITH EXPLAIN ANALYZE SELECT WHERE GROUP SORT HAVING ORDER TOP LATERAL VIEW LIMIT OFFSET FETCH UNION
	EXCEPT INTERSECT MINUS CLUSTER DISTRIBUTE RETURNING FROM END
	PIVOT UNPIVOT ON JOIN INNER CROSS FULL LEFT RIGHT NATURAL USING GLOBAL ANTI SEMI ASOF MATCH_CONDITION OUTER SET QUALIFY WINDOW
	FOR PARTITION PREWHERE SETTINGS FORMAT START CONNECT MATCH_RECOGNIZE SAMPLE TABLESAMPLE OPEN`)

// fromItems parses the comma-separated items after FROM.
func (p *parser) fromItems() []TableRef { return list(p, p.joined) }

// joined parses an item and the joins that follow it; joins associate to the left.
func (p *parser) joined() TableRef {
	start := p.pos
	left := p.tableFactor()
	for {
		j := p.joinWords()
		if j == nil {
			return left
		}
		j.Left, j.Right = left, p.tableFactor()
		p.joinCondition(j)
		j.Pos = p.since(start)
		left = j
	}
}

// joinWords consumes the words of a join; nil if none stands here.
func (p *parser) joinWords() *Join {
	start, j := p.pos, &Join{}
	if t := p.peek(0); p.acceptWords("GLOBAL") {
		p.ignored(p.at(t), "GLOBAL", "delete it")
	}
	j.Natural = p.acceptWords("NATURAL")
	j.Kind = p.joinKind()
	if j.Kind == "" {
		if p.pos > start {
			p.expected("a join")
		}
		return nil
	}
	if j.Natural && j.Kind == CrossJoin {
		p.syntax(p.since(start).At, "a cross join cannot be NATURAL", "write NATURAL JOIN or CROSS JOIN")
	}
	j.KindAt = p.since(start).At
	return j
}

func (p *parser) joinKind() JoinKind {
	start := p.pos
	t := p.peek(0)
	switch {
	case p.acceptWords("JOIN"), p.acceptWords("INNER", "JOIN"):
		return InnerJoin
	case p.acceptWords("CROSS", "JOIN"):
		return CrossJoin
	case p.isWord(0, "FULL"):
		p.next()
		p.acceptWords("OUTER")
		p.expectWord("JOIN")
		return FullJoin
	case p.isWord(0, "LEFT", "RIGHT"):
		p.next()
		side := p.sideOf(t.Text)
		p.expectWord("JOIN")
		return side
	case p.isWord(0, "CROSS", "OUTER") && p.isWord(1, "APPLY"):
		p.pos += 2
		p.unsupported(p.since(start).At, t.Text+" APPLY", "write CROSS JOIN LATERAL (…)")
		return CrossJoin
	case p.isWord(0, "SEMI", "ANTI") && p.isWord(1, "JOIN"):
		p.pos += 2
		p.unsupported(p.since(start).At, t.Text+" JOIN", "write LEFT "+t.Text+" JOIN")
		return InnerJoin
	case p.acceptWords("ASOF", "JOIN"):
		p.unsupported(p.since(start).At, "ASOF JOIN", "join on a range and keep the last match with QUALIFY")
		p.abandon()
	case p.isWord(0, "INNER", "CROSS"):
		p.next()
		p.expectWord("JOIN")
		return InnerJoin
	}
	return ""
}

// sideOf parses what stands between LEFT or RIGHT and JOIN.
func (p *parser) sideOf(side string) JoinKind {
	switch {
	case p.acceptWords("SEMI"):
		return JoinKind(side + " SEMI JOIN")
	case p.acceptWords("ANTI"):
		return JoinKind(side + " ANTI JOIN")
	}
	p.acceptWords("OUTER")
	return JoinKind(side + " JOIN")
}

func (p *parser) joinCondition(j *Join) {
	if j.Natural || j.Kind == CrossJoin {
		return
	}
	switch {
	case p.acceptWords("ON"):
		j.On = p.expr()
	case p.acceptWords("USING"):
		j.Using = parens(p, func() []Ident { return list(p, p.usingName) })
	case j.Kind != InnerJoin:
		p.expected("ON or USING")
	}
}

func (p *parser) usingName() Ident {
	start := p.pos
	name := p.dotted("a column name")
	if len(name) > 1 {
		p.unsupported(p.since(start).At, "a qualified name in USING", "write "+name[len(name)-1].At.Text())
	}
	return name[0]
}

func (p *parser) tableFactor() TableRef {
	start := p.pos
	t := p.peek(0)
	switch {
	case p.acceptWords("LATERAL"):
		if !p.isSymbol(0, "(") {
			p.unsupported(p.at(t), "LATERAL before anything but a subquery", "write LATERAL (SELECT …)")
			return p.tableFactor()
		}
		return p.derived(start, true)
	case p.isSymbol(0, "("):
		if p.isQueryAt(p.pos + 1) {
			return p.derived(start, false)
		}
		p.enter()
		inner := parens(p, p.joined)
		p.leave()
		return &ParenTable{Table: inner, Alias: p.tableAlias(), Pos: p.since(start)}
	case p.isWord(0, "VALUES") && (p.isSymbol(1, "(") || p.isWord(1, "ROW")):
		v := p.values()
		q := &Query{Pos: v.Pos, Body: v}
		return &Derived{Query: q, Alias: p.tableAlias(), Pos: p.since(start)}
	case p.isWord(0, "UNNEST") && p.isSymbol(1, "("):
		return p.unnest()
	case p.isWord(0, "TABLE", "JSON_TABLE", "OPENJSON", "XMLTABLE", "SEMANTIC_VIEW") && p.isSymbol(1, "("):
		help := "write a subquery"
		if t.Text == "TABLE" {
			help = "write the function without TABLE()"
		}
		p.unsupported(p.at(t), t.Text+"(…)", help)
		p.abandon()
	case p.isWord(0, "FROM"):
		p.syntax(p.at(t), "expected a table, found "+p.describe(t), `to name a column so, quote it: "from"`)
	}
	return p.table()
}

// isQueryAt reports whether a query begins at token i, rather than a parenthesised join that begins with a subquery.
func (p *parser) isQueryAt(i int) bool {
	depth := 0
	for depth < maxDepth && i+depth < len(p.tokens) && p.tokens[i+depth].Kind == Symbol && p.tokens[i+depth].Text == "(" {
		depth++
	}
	if i+depth >= len(p.tokens) || !inWords(p.tokens[i+depth], "SELECT", "WITH", "VALUES", "FROM") {
		return false
	}
	for d := range depth {
		closing := p.match[i+d]
		if closing == 0 {
			continue
		}
		after := p.tokens[closing+1]
		goesOn := inWords(after, "UNION", "EXCEPT", "INTERSECT", "MINUS", "ORDER", "LIMIT", "OFFSET", "FETCH", "SETTINGS", "FORMAT")
		if !goesOn && !(after.Kind == Symbol && after.Text == ")") {
			return false
		}
	}
	return true
}

func (p *parser) derived(start int, lateral bool) *Derived {
	d := &Derived{Lateral: lateral}
	d.Query = parens(p, func() *Query { return p.query(false) })
	p.unsupportedSuffix()
	d.Alias = p.tableAlias()
	p.unsupportedSuffix()
	d.Pos = p.since(start)
	return d
}

func (p *parser) unnest() *Unnest {
	start, u := p.pos, &Unnest{}
	p.next()
	u.Args = parens(p, p.exprList)
	ordinality := func(what string) {
		if at := p.pos; p.acceptWords("WITH", what) {
			p.unsupported(p.since(at).At, "WITH "+what, "number the elements with a second argument: generate_series(1, cardinality(…))")
			p.abandon()
		}
	}
	ordinality("ORDINALITY")
	u.Alias = p.tableAlias()
	ordinality("OFFSET")
	u.Pos = p.since(start)
	return u
}

// table parses a table or a table function by name, and refuses the clauses around them that have no effect.
func (p *parser) table() TableRef {
	start := p.pos
	name := p.dotted(aTable)
	p.ignoredTableClauses()
	if p.isSymbol(0, "(") {
		f := &TableFunction{Name: name}
		f.Args = parens(p, p.positionalArgs)
		p.ignoredTableClauses()
		f.Alias = p.tableAlias()
		f.Pos = p.since(start)
		return f
	}
	t := &Table{Name: name, Alias: p.tableAlias()}
	t.Pos = p.since(start)
	p.ignoredTableClauses()
	p.unsupportedSuffix()
	return t
}

// positionalArgs parses the arguments of a table function.
func (p *parser) positionalArgs() []*Arg {
	if p.isSymbol(0, ")") {
		return nil
	}
	return list(p, p.arg)
}

func (p *parser) ignoredTableClauses() {
	for {
		start := p.pos
		switch {
		case p.isWord(0, "TABLESAMPLE", "SAMPLE"):
			p.tableSample()
		case p.acceptWords("PARTITION"):
			p.skipParens()
			p.ignored(p.since(start).At, "PARTITION", "filter with WHERE")
		case p.acceptWords("WITH", "ORDINALITY"):
			p.ignored(p.since(start).At, "WITH ORDINALITY", "write row_number() OVER ()")
		case p.isWord(0, "WITH") && p.isSymbol(1, "("):
			p.next()
			p.skipParens()
			p.ignored(p.since(start).At, "a table hint", "delete it")
		case p.areWords("FOR", "SYSTEM_TIME"):
			p.pos += 2
			p.expectWord("AS")
			p.expectWord("OF")
			p.expr()
			p.ignored(p.since(start).At, "FOR SYSTEM_TIME", "filter with WHERE")
		default:
			return
		}
	}
}

func (p *parser) tableSample() {
	start := p.pos
	word := p.next().Text
	p.acceptSampleMethod()
	if p.isSymbol(0, "(") {
		p.skipParens()
	} else {
		p.expr()
	}
	if p.isWord(0, "REPEATABLE", "SEED", "OFFSET") {
		p.next()
		if p.isSymbol(0, "(") {
			p.skipParens()
		} else {
			p.expr()
		}
	}
	p.ignored(p.since(start).At, word, "filter with WHERE, for instance on a hash of a column")
}

func (p *parser) acceptSampleMethod() {
	if p.isWord(0, "BERNOULLI", "SYSTEM", "ROW", "BLOCK") {
		p.next()
	}
}

// unsupportedSuffix refuses the table operators that the server does not plan.
func (p *parser) unsupportedSuffix() {
	helps := map[string]string{
		"PIVOT": "write one aggregate with FILTER (WHERE …) per column", "UNPIVOT": "write a UNION ALL", "MATCH_RECOGNIZE": "write window functions",
	}
	if t := p.peek(0); t.Kind == Word && helps[t.Text] != "" {
		p.unsupported(p.at(t), t.Text, helps[t.Text])
		p.abandon()
	}
}

func (p *parser) tableAlias() *TableAlias {
	start := p.pos
	name := p.alias(reservedTableAlias)
	if name == nil {
		return nil
	}
	a := &TableAlias{Name: *name}
	if p.isSymbol(0, "(") {
		a.Columns = p.columnNames()
	}
	a.Pos = p.since(start)
	return a
}
