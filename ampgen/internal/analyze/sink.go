package analyze

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ampgen/ampgen/ampgen/internal/coerce"
	"github.com/ampgen/ampgen/ampgen/internal/diag"
	"github.com/ampgen/ampgen/ampgen/internal/ir"
	"github.com/ampgen/ampgen/ampgen/internal/sqlfile"
	duckdbddl "github.com/ampgen/ampgen/sinks/duckdb/ddl"
	postgresddl "github.com/ampgen/ampgen/sinks/postgres/ddl"
	snowflakeddl "github.com/ampgen/ampgen/sinks/snowflake/ddl"
)

// sinkKind is what analysis has to know of a kind of sink.
type sinkKind struct {
	supported func(arrow.Field) error                 // whether a column can be held without loss
	create    func(*ir.Pipeline, ir.Sink) (err error) // whether the table can be made
	uint256   []string                                // the ways to hold 256-bit integers, the default first; none if there is no choice
}

// sinkKinds are the kinds of sink that loaders can be generated for.
var sinkKinds = map[string]sinkKind{
	"postgres": {supported: postgresddl.Supported, create: func(p *ir.Pipeline, s ir.Sink) error {
		_, err := postgresddl.Create(postgresddl.Table{Name: s.Table, Schema: schema(p), Block: p.Block, Key: p.Key, History: s.History, Batch: p.Mode != ir.Stream})
		return err
	}},
	"duckdb": {supported: duckdbddl.Supported, create: func(p *ir.Pipeline, s ir.Sink) error {
		_, err := duckdbddl.Create(duckdbddl.Table{Name: s.Table, Schema: schema(p), Block: p.Block, Key: p.Key, History: s.History, Batch: p.Mode != ir.Stream})
		return err
	}},
	"snowflake": {supported: snowflakeddl.Supported, create: func(p *ir.Pipeline, s ir.Sink) error {
		_, err := snowflakeddl.Create(snowflakeddl.Table{Name: s.Table, Schema: schema(p), Block: p.Block, Key: p.Key, History: s.History, Batch: p.Mode != ir.Stream,
			Uint256: snowflakeddl.Uint256(s.Uint256)})
		return err
	}, uint256: []string{string(snowflakeddl.Uint256Text), string(snowflakeddl.Uint256Binary), string(snowflakeddl.Uint256Number)}},
}

// schema is the schema of the pipeline's rows in a sink.
func schema(p *ir.Pipeline) *arrow.Schema {
	var fields []arrow.Field
	for _, c := range p.Output() {
		fields = append(fields, field(c))
	}
	return arrow.NewSchema(fields, nil)
}

// sinks checks the @sink annotations: known kinds, one of each, tables that can be made and columns that they can hold.
func (a *query) sinks() {
	kinds := make([]string, 0, len(sinkKinds))
	for kind := range sinkKinds {
		kinds = append(kinds, kind)
	}
	slices.Sort(kinds)
	if len(a.Sinks) == 0 {
		a.fault(diag.Sink, a.Name.Span, "", "add \"-- @sink postgres table="+a.out.Folder+"\" below the name line", "query %s has no sink", a.Name.Text)
	}
	seen := map[string]bool{}
	for _, s := range a.Sinks {
		kind, known := sinkKinds[s.Kind.Text]
		switch {
		case !known:
			a.fault(diag.Sink, s.Kind.Span, "the sinks are "+list(kinds), didYouMean(s.Kind.Text, kinds), "unknown sink %q", s.Kind.Text)
			continue
		case seen[s.Kind.Text]:
			a.fault(diag.Sink, s.Kind.Span, "", "keep one; a second query can load another table", "the query has two %s sinks", s.Kind.Text)
			continue
		case s.History && a.out.Mode != ir.Stream:
			a.fault(diag.Sink, s.Kind.Span, "the rows of a batch query have no block to be undone by", "remove history", "a batch query cannot keep history")
			continue
		}
		seen[s.Kind.Text] = true
		if s.Table.Text == "" {
			continue // reported where the annotation was read
		}
		out := ir.Sink{Kind: s.Kind.Text, Table: s.Table.Text, History: s.History, Uint256: a.uint256(s, kind.uint256)}
		unsupported := false
		for _, c := range a.out.Output() {
			if err := kind.supported(field(c)); err != nil {
				unsupported = true
				a.fault(diag.UnsupportedType, a.spans[c.Name], c.Name+" is "+coerce.Format(c.Type), "", "%s cannot hold column %q: %v", s.Kind.Text, c.Name, err)
			}
		}
		if !unsupported {
			for _, err := range each(kind.create(a.out, out)) {
				a.fault(diag.Sink, s.Table.Span, "", "", "%v", err)
			}
		}
		a.out.Sinks = append(a.out.Sinks, out)
	}
}

// uint256 is how a sink holds 256-bit integers: one of ways, the first if the annotation is silent, or "" if there is no choice.
func (a *query) uint256(s *sqlfile.Sink, ways []string) string {
	written := s.Uint256
	switch {
	case len(ways) == 0:
		if written.Text != "" {
			a.fault(diag.Sink, written.Span, "", "delete uint256="+written.Text, "%s holds 256-bit integers in one way", s.Kind.Text)
		}
		return ""
	case written.Text == "":
		return ways[0]
	case !slices.Contains(ways, written.Text):
		a.fault(diag.Sink, written.Span, "", cmp.Or(didYouMean(written.Text, ways), "write one of "+strings.Join(ways, ", ")), "unknown value %q of uint256", written.Text)
		return ways[0]
	}
	return written.Text
}

// list writes words as "a, b and c".
func list(words []string) string {
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " and " + words[last]
}

// each lists the errors that err joins; none if it is nil.
func each(err error) []error {
	var joined interface{ Unwrap() []error }
	switch {
	case err == nil:
		return nil
	case errors.As(err, &joined):
		return joined.Unwrap()
	}
	return []error{err}
}
