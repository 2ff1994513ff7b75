package ampdev

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/ampgen/ampgen/ampgen/ampdev/duck"
	"github.com/ampgen/ampgen/ampgen/ampdev/store"
	"github.com/ampgen/ampgen/ampgen/ampdev/transpile"
	"github.com/ampgen/ampgen/ampgen/internal/catalog"
	"github.com/ampgen/ampgen/ampgen/internal/diag"
	"github.com/ampgen/ampgen/ampgen/internal/infer"
	"github.com/ampgen/ampgen/ampgen/internal/source"
	"github.com/ampgen/ampgen/ampgen/internal/sql"
)

// plan is a query that is understood.
type plan struct {
	query     *sql.Query
	stream    bool
	announced *arrow.Schema // of FlightInfo and of the stream's schema message
	data      *arrow.Schema // of the record batches
	tables    int           // how many tables it reads
	functions []duck.Function
	late      error // what only DoGet finds; nil if nothing
}

// mode is what the header amp-stream says.
type mode uint8

const (
	bySettings mode = iota // nothing: the SETTINGS clause decides
	batch
	stream
)

// plan parses and types a query. Errors have the codes that the server gives them.
func (s *Server) plan(text string, m mode) (*plan, error) {
	file := source.New("query", text)
	var diags diag.List
	query := sql.Parse(file, 0, len(text), &diags)
	if query == nil {
		return nil, status.Error(codes.InvalidArgument, "SQL parse error | Caused by: "+faultsText(diags.Sorted()))
	}
	streaming := m == stream
	if query.Stream != nil {
		streaming = streaming || m == bySettings && query.Stream.Value
		query.Stream = nil
	}
	nameExpressions(query)
	p := &plan{query: query, stream: streaming}
	result := infer.Query(query, s.catalog, infer.Options{Stream: streaming}, &diags)
	if result == nil {
		var err error
		if result, err = s.planLate(p, diags.Sorted()); err != nil {
			return nil, err
		}
	}
	for _, t := range result.Tables {
		if !s.serves(t.Dataset) {
			return nil, status.Errorf(codes.Internal, "failed to infer SQL output schema | Caused by: there is no dataset %q", t.Dataset)
		}
	}
	p.schemas(result)
	if p.late != nil {
		return p, nil
	}
	// What DuckDB cannot run is refused as early as a fault in the query is.
	statement, err := s.transpile(p, &transpile.Blocks{})
	if err != nil {
		return nil, err
	}
	p.functions = statement.Functions
	return p, nil
}

// planLate looks whether the faults are of those that GetFlightInfo does not find. It returns the result that FlightInfo
// then shows, and sets p.late to what DoGet answers, if it minds.
func (s *Server) planLate(p *plan, faults []diag.Diagnostic) (*infer.Result, error) {
	for _, d := range faults {
		switch d.Code {
		case diag.BlockColumn: // of no concern to a server
		case diag.NotIncremental:
			if !p.stream { // block_num() in a batch query
				return nil, status.Error(codes.InvalidArgument, faultsText(faults))
			}
			p.late = status.Errorf(codes.InvalidArgument,
				"non-incremental queries are not supported for streaming, query contains non-incremental operation: %s", d.Message)
		case diag.DuplicateOutput:
			if !renameItem(p.query, d.Span) {
				return nil, status.Error(codes.Internal, faultsText(faults))
			}
			p.late = status.Error(codes.Internal, "duplicate output column names: "+d.Message)
		case diag.Ignored, diag.Unsupported, diag.ReservedAlias:
			return nil, status.Error(codes.InvalidArgument, faultsText(faults))
		default:
			return nil, status.Error(codes.Internal, "failed to infer SQL output schema | Caused by: "+faultsText(faults))
		}
	}
	var diags diag.List
	result := infer.Query(p.query, s.catalog, infer.Options{}, &diags)
	if result == nil {
		if p.late == nil {
			p.late = status.Error(codes.InvalidArgument, faultsText(faults))
		}
		return nil, p.late
	}
	return result, nil
}

// duplicate marks the alias of a column that has the name of another; no name in a query contains it.
const duplicate = "\x00"

// renameItem gives the select item at a place a name of its own, so that the query can be typed.
func renameItem(q *sql.Query, at source.Span) (found bool) {
	sql.Inspect(q, func(n sql.Node) bool {
		if item, ok := n.(*sql.ExprItem); ok && item.Span() == at {
			name := ""
			switch ref, column := item.Expr.(*sql.ColumnRef); {
			case item.Alias != nil:
				name = item.Alias.Name
			case column:
				name = ref.Parts[len(ref.Parts)-1].Name
			}
			name += duplicate + fmt.Sprint(at.Start)
			item.Alias = &sql.Ident{Pos: sql.Pos{At: at}, Name: name, Value: name, Quote: '"'}
			found = true
		}
		return true
	})
	return found
}

func faultsText(faults []diag.Diagnostic) string {
	var out []string
	for _, d := range faults {
		text := fmt.Sprintf("%s (line %d, column %d)", d.Message, d.Position().Line, d.Position().Column)
		if d.Note != "" {
			text += "; " + d.Note
		}
		out = append(out, text)
	}
	return strings.Join(out, " -> ")
}

// nameExpressions names output columns without alias by their text. A real server makes up names of its own.
func nameExpressions(q *sql.Query) {
	body := q.Body
	for {
		switch b := body.(type) {
		case *sql.Query:
			body = b.Body
			continue
		case *sql.SetOp:
			body = b.Left
			continue
		case *sql.Select:
			for _, item := range b.Items {
				nameExpression(item)
			}
		}
		return
	}
}

func nameExpression(item sql.SelectItem) {
	expr, ok := item.(*sql.ExprItem)
	if !ok || expr.Alias != nil {
		return
	}
	if _, column := expr.Expr.(*sql.ColumnRef); !column {
		at := expr.Expr.Span()
		name := strings.TrimLeft(at.Text(), "_")
		expr.Alias = &sql.Ident{Pos: sql.Pos{At: at}, Name: name, Value: name, Quote: '"'}
	}
}

// schemas fills in the schemas of a result.
func (p *plan) schemas(result *infer.Result) {
	var announced, data []arrow.Field
	for _, c := range result.Columns {
		c.Announced.Name, _, _ = strings.Cut(c.Announced.Name, duplicate)
		announced = append(announced, c.Announced)
		data = append(data, arrow.Field{Name: c.Name, Type: c.Type, Nullable: true})
	}
	p.announced, p.data = arrow.NewSchema(announced, nil), arrow.NewSchema(data, nil)
	p.tables = len(result.Tables)
}

// transpile writes the plan for DuckDB; microbatch matters to streams only.
func (s *Server) transpile(p *plan, microbatch *transpile.Blocks) (*transpile.Statement, error) {
	opts := transpile.Options{Table: s.table, Stream: microbatch}
	if !p.stream {
		opts.Stream = nil
	}
	for _, f := range p.data.Fields() {
		opts.Output = append(opts.Output, f.Type)
	}
	statement, err := transpile.Query(p.query, opts)
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	return statement, nil
}

// serves reports whether the server has the dataset of a reference. Revisions are not told apart.
func (s *Server) serves(dataset string) bool {
	ref, err := catalog.ParseRef(dataset)
	ref.Revision = ""
	return err == nil && slices.ContainsFunc(s.config.Datasets, func(d Dataset) bool {
		return d.Name == ref.String() || ref.Namespace == "_" && d.Name == ref.Name
	})
}

// table finds the view of a table.
func (s *Server) table(dataset, table string) (transpile.Table, error) {
	ref, err := catalog.ParseRef(dataset)
	if err != nil {
		return transpile.Table{}, err
	}
	d := s.catalog.Dataset(ref)
	if d == nil || d.Table(table) == nil {
		return transpile.Table{}, fmt.Errorf("there is no table %s.%s", dataset, table)
	}
	schema, ok := store.Schema(d.Kind)
	if !ok {
		return transpile.Table{}, errors.New("the development server serves evm-rpc and firehose datasets only")
	}
	return transpile.Table{View: schema + "." + table, Schema: d.Table(table).Schema}, nil
}
