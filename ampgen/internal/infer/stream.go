package infer

import (
	"fmt"
	"strings"

	"github.com/ampgen/ampgen/ampgen/internal/catalog"
	"github.com/ampgen/ampgen/ampgen/internal/diag"
	"github.com/ampgen/ampgen/ampgen/internal/source"
	"github.com/ampgen/ampgen/ampgen/internal/sql"
)

// The incremental rules: what a query that follows the chain may contain. The server checks them only when the stream is
// opened, after it has announced a schema.

// notIncremental refuses a construct in a stream.
func (s *state) notIncremental(at source.Span, what, help string) {
	if !s.opts.Stream {
		return
	}
	s.fault(diag.Diagnostic{Code: diag.NotIncremental, Span: at, Message: "a stream cannot have " + what, Help: help})
}

// streamJoin checks a join: inner, semi and cross joins only, and one per path.
func (s *state) streamJoin(at source.Span, kind sql.JoinKind, left, right *relation) {
	switch kind {
	case sql.InnerJoin, sql.CrossJoin, sql.LeftSemiJoin, sql.RightSemiJoin:
	default:
		s.notIncremental(at, "a "+string(kind), "write an INNER JOIN, or make the query a :batch")
		return
	}
	if left.joined || right.joined {
		s.notIncremental(at, "a join of a join", "join two tables only; the other values can be added by a second query or a label")
	}
}

// isBlockNumCall reports whether e is block_num().
func isBlockNumCall(e sql.Expr) bool {
	c, ok := e.(*sql.Call)
	return ok && len(c.Name) == 1 && c.Name[0].Name == "block_num" && !c.NoParens
}

// blockNumCall types block_num(), the row's block in a stream. The plan calls it nullable, and it never is.
func (s *state) blockNumCall(c *sql.Call) *value {
	s.res.BlockNumCall = true
	if len(c.Args) > 0 {
		s.fault(diag.Diagnostic{Code: diag.Arguments, Span: c.Span(), Message: "block_num takes no arguments"})
		return poison
	}
	if !s.opts.Stream {
		s.fault(diag.Diagnostic{Code: diag.NotIncremental, Span: c.Span(), Message: "block_num() exists in streams only",
			Help: "write the column block_num or _block_num, or make the query a :stream"})
		return poison
	}
	return &value{r: typed{uint64T, true}, a: typed{uint64T, false}, block: anyBlock, key: "block_num()"}
}

// blockNumOverJoin refuses _block_num in the select list of a stream that joins tables.
func (s *state) blockNumOverJoin(sc *scope, at source.Span) {
	if s.opts.Stream && len(sc.rel.blocks) > 1 {
		s.fault(diag.Diagnostic{Code: diag.NotIncremental, Span: at, Message: "a stream cannot select _block_num from a join",
			Note: "each joined table has one, and * includes them", Help: "name the columns, and write block_num() as block_num for the row's block"})
	}
}

// settingConflict reports SETTINGS stream that says otherwise than the name line.
func (s *state) settingConflict(set *sql.StreamSetting) {
	mode := "batch"
	if s.opts.Stream {
		mode = "stream"
	}
	s.fault(diag.Diagnostic{Code: diag.QueryStructure, Span: set.Span(), Message: fmt.Sprintf("SETTINGS stream = %t in a :%s query", set.Value, mode),
		Note: "the loader asks for a " + mode + " anyway", Help: "remove the SETTINGS clause, or change the name line"})
}

// checkStream checks what holds for a stream as a whole: followable tables of one network, and a column with the block.
func (s *state) checkStream(q *sql.Query, rel *relation) {
	for _, u := range s.useOrder {
		if !u.dataset.Streamable() {
			s.fault(diag.Diagnostic{Code: diag.NotIncremental, Span: u.Span, Message: fmt.Sprintf("a stream cannot read %s datasets", u.Kind),
				Note: "the server follows a table called blocks, which they do not have", Help: "make the query a :batch"})
		}
	}
	s.oneNetwork()
	if len(s.useOrder) == 0 && s.faults == 0 {
		s.fault(diag.Diagnostic{Code: diag.NotIncremental, Span: q.Span(), Message: "a stream must read a table"})
		return
	}
	if s.faults == 0 && s.blockColumn(rel) < 0 {
		s.noBlockColumn(q, rel)
	}
}

// oneNetwork refuses tables of several networks, as far as the catalog tells networks apart.
func (s *state) oneNetwork() {
	var first *use
	for _, u := range s.useOrder {
		switch {
		case u.dataset.Chain == "":
		case first == nil:
			first = u
		case u.dataset.Chain != first.dataset.Chain:
			s.fault(diag.Diagnostic{Code: diag.NotIncremental, Span: u.Span, Message: "a stream cannot read tables of two networks",
				Note: fmt.Sprintf("%s is of %s, %s of %s", first.Dataset, first.dataset.Chain, u.Dataset, u.dataset.Chain),
				Help: "if they are one network, say so in ampgen.yaml with network: for both datasets"})
			return
		}
	}
}

// noBlockColumn says how to select the block.
func (s *state) noBlockColumn(q *sql.Query, rel *relation) {
	d := diag.Diagnostic{Code: diag.BlockColumn, Span: selectListSpan(q), Message: "no output column provably holds the row's block number",
		Note: "without one, rows cannot be removed when the chain reorganises"}
	var near []string
	for _, c := range rel.cols {
		if strings.HasSuffix(c.name, "block_num") {
			near = append(near, c.name)
		}
	}
	switch {
	case s.res.Joined && len(near) > 0:
		d.Note = near[0] + " is the block of one joined table, and the row's block is the greatest of them"
		d.Help = "add block_num() as row_block to the select list, or join on block_num too"
	case s.res.Joined || s.res.Aggregated:
		d.Help = "add block_num() as block_num to the select list"
	default:
		d.Help = "add " + s.blockName() + " to the select list"
	}
	s.fault(d)
}

// selectListSpan is the select list of the statement, or its first one.
func selectListSpan(q *sql.Query) source.Span {
	body := q.Body
	for {
		switch b := body.(type) {
		case *sql.Query:
			body = b.Body
		case *sql.SetOp:
			body = b.Left
		case *sql.Select:
			return b.Items[0].Span().To(b.Items[len(b.Items)-1].Span())
		default:
			return q.Span()
		}
	}
}

// blockName is the column that has the block in the table that the stream reads.
func (s *state) blockName() string {
	if s.useOrder[0].dataset.Kind == catalog.Derived {
		return "_block_num"
	}
	return "block_num"
}
