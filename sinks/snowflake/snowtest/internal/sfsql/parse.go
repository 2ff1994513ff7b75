package sfsql

import (
	"strconv"
	"strings"
)

// Parse parses one statement, with at most a semicolon after it. The error is an *Error.
func Parse(src string) (Statement, error) {
	tokens, err := lex(src)
	if err != nil {
		return nil, err
	}
	p := &parser{src: src, tokens: tokens}
	s, err := p.parse()
	if err != nil {
		return nil, err
	}
	return s, nil
}

// parser reads tokens. Its methods panic with an *Error at a token that does not fit; parse catches it.
type parser struct {
	src    string
	tokens []token
	i      int
	binds  int
	depth  int
}

func (p *parser) parse() (s Statement, err *Error) {
	defer func() {
		switch e := recover().(type) {
		case nil:
		case *Error:
			err = e
		default:
			panic(e)
		}
	}()
	s = p.statement()
	p.accept(";")
	if p.peek().kind != tEnd {
		p.unexpected()
	}
	return s, nil
}

func (p *parser) peek() token { return p.tokens[p.i] }

// ahead is the token n after the next one.
func (p *parser) ahead(n int) token { return p.tokens[min(p.i+n, len(p.tokens)-1)] }

func (p *parser) next() token {
	t := p.tokens[p.i]
	if t.kind != tEnd {
		p.i++
	}
	return t
}

func (p *parser) fail(at int, format string, args ...any) {
	panic(errorAt(p.src, at, format, args...))
}

func (p *parser) unexpected() { p.fail(p.peek().at, "unexpected '%s'.", p.peek()) }

// accept takes the keywords or operators if they all come next.
func (p *parser) accept(texts ...string) bool {
	for n, text := range texts {
		if !p.ahead(n).is(text) {
			return false
		}
	}
	p.i += len(texts)
	return true
}

func (p *parser) expect(texts ...string) {
	for _, text := range texts {
		if !p.accept(text) {
			p.unexpected()
		}
	}
}

// enter counts how deep expressions and queries are nested, which bounds the stack; the result leaves.
func (p *parser) enter() func() {
	if p.depth++; p.depth > 200 {
		p.fail(p.peek().at, "unexpected '%s': nested too deeply.", p.peek())
	}
	return func() { p.depth-- }
}

// identifier takes a name. Words that begin a clause are none unless quoted.
func (p *parser) identifier() string {
	t := p.peek()
	if t.kind != tQuoted && (t.kind != tWord || reserved[t.text]) {
		p.unexpected()
	}
	return p.next().text
}

var reserved = func() map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(`ALL ALTER AND AS BETWEEN BY CASE CAST CREATE CROSS DELETE DISTINCT DROP ELSE EXISTS FALSE FROM FULL GROUP HAVING
		IN INNER INSERT INTO IS JOIN LEFT LIKE LIMIT MATCHED MERGE NATURAL NOT NULL ON OR ORDER RIGHT SELECT SET TABLE THEN TRUE UNION UPDATE
		USING VALUES WHEN WHERE WITH`) {
		out[w] = true
	}
	return out
}()

func (p *parser) name() Name {
	n := Name{p.identifier()}
	for len(n) < 3 && p.accept(".") {
		n = append(n, p.identifier())
	}
	return n
}

func (p *parser) nameList() []string {
	p.expect("(")
	var out []string
	for {
		out = append(out, p.identifier())
		if !p.accept(",") {
			p.expect(")")
			return out
		}
	}
}

func (p *parser) integer() int {
	t := p.next()
	n, err := strconv.Atoi(t.text)
	if t.kind != tNumber || err != nil {
		p.fail(t.at, "unexpected '%s'.", t)
	}
	return n
}

func (p *parser) string() string {
	if p.peek().kind != tString {
		p.unexpected()
	}
	return p.next().text
}

func (p *parser) statement() Statement {
	t := p.peek()
	if t.kind != tWord {
		p.unexpected()
	}
	switch t.text {
	case "SELECT":
		return p.query()
	case "BEGIN", "START", "COMMIT", "ROLLBACK":
		return p.transaction()
	case "CREATE":
		return p.create()
	case "DROP":
		return p.drop()
	case "ALTER":
		return p.alter()
	case "INSERT":
		return p.insert()
	case "UPDATE":
		return p.update()
	case "DELETE":
		return p.delete()
	case "PUT":
		return p.put()
	case "LIST", "LS":
		p.next()
		return &List{Path: p.stage()}
	case "REMOVE", "RM":
		p.next()
		return &Remove{Path: p.stage()}
	case "COPY":
		return p.copy()
	}
	p.unexpected()
	return nil
}

func (p *parser) transaction() Statement {
	switch {
	case p.accept("COMMIT"):
		p.accept("WORK")
		return &Commit{}
	case p.accept("ROLLBACK"):
		p.accept("WORK")
		return &Commit{Rollback: true}
	case p.accept("START"):
		p.expect("TRANSACTION")
		return &Begin{}
	}
	p.expect("BEGIN")
	if !p.accept("TRANSACTION") {
		p.accept("WORK")
	}
	return &Begin{}
}

func (p *parser) insert() Statement {
	p.expect("INSERT", "INTO")
	s := &Insert{Table: p.name()}
	if p.peek().is("(") {
		s.Columns = p.nameList()
	}
	if !p.accept("VALUES") {
		s.Query = p.query()
		return s
	}
	s.Values = p.rows()
	return s
}

// rows is (a, b), (c, d), ….
func (p *parser) rows() [][]Expr {
	var out [][]Expr
	for {
		p.expect("(")
		out = append(out, p.exprList())
		p.expect(")")
		if !p.accept(",") {
			return out
		}
	}
}

// alias is [AS] name where one may stand, or "".
func (p *parser) alias() string {
	if t := p.peek(); p.accept("AS") || t.kind == tQuoted || t.kind == tWord && !reserved[t.text] && !clause[t.text] {
		return p.identifier()
	}
	return ""
}

// clause are words that may be names, but not an alias without AS.
var clause = map[string]bool{"OFFSET": true, "FETCH": true, "QUALIFY": true, "WINDOW": true, "MINUS": true, "EXCEPT": true, "INTERSECT": true,
	"ASOF": true, "SAMPLE": true, "TABLESAMPLE": true, "PIVOT": true, "UNPIVOT": true, "CONNECT": true, "START": true}

func (p *parser) sets() []Set {
	p.expect("SET")
	var out []Set
	for {
		s := Set{At: p.peek().at, Column: p.identifier()}
		if p.accept(".") { // the table before the column
			s.Column = p.identifier()
		}
		p.expect("=")
		s.Value = p.expr()
		out = append(out, s)
		if !p.accept(",") {
			return out
		}
	}
}

func (p *parser) where() Expr {
	if !p.accept("WHERE") {
		return nil
	}
	return p.expr()
}

func (p *parser) update() Statement {
	p.expect("UPDATE")
	s := &Update{Table: p.name(), Alias: p.alias()}
	s.Set = p.sets()
	s.Where = p.where()
	return s
}

func (p *parser) delete() Statement {
	p.expect("DELETE", "FROM")
	s := &Delete{Table: p.name(), Alias: p.alias()}
	s.Where = p.where()
	return s
}
