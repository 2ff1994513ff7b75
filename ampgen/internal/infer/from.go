package infer

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ampgen/ampgen/ampgen/internal/catalog"
	"github.com/ampgen/ampgen/ampgen/internal/coerce"
	"github.com/ampgen/ampgen/ampgen/internal/diag"
	"github.com/ampgen/ampgen/ampgen/internal/source"
	"github.com/ampgen/ampgen/ampgen/internal/sql"
	"github.com/ampgen/ampgen/ampgen/internal/suggest"
)

// from plans the comma-separated items of FROM, which are cross joins. Without FROM the relation is empty.
func (s *state) from(items []sql.TableRef, sc *scope) *relation {
	if len(items) == 0 {
		return &relation{}
	}
	rel := s.tableRef(items[0], sc)
	for _, item := range items[1:] {
		right := s.tableRef(item, s.besides(sc, rel))
		s.streamJoin(item.Span(), sql.CrossJoin, rel, right)
		rel = s.combine(rel, right, item.Span())
	}
	return rel
}

// besides is the scope of a FROM item to the right of rel, for those items that see their neighbours.
func (s *state) besides(sc *scope, left *relation) *scope {
	return &scope{rel: left, outer: sc.outer, ctes: sc.ctes}
}

// tableRef plans one FROM item. sc.rel holds what stands to the left of it.
func (s *state) tableRef(t sql.TableRef, sc *scope) *relation {
	switch t := t.(type) {
	case *sql.Table:
		return s.table(t, sc)
	case *sql.TableFunction:
		return s.alias(s.tableFunction(t, sc), t.Alias)
	case *sql.Derived:
		return s.alias(s.derived(t, sc), t.Alias)
	case *sql.Unnest:
		return s.alias(s.unnestTable(t, sc), t.Alias)
	case *sql.ParenTable:
		return s.alias(s.tableRef(t.Table, sc), t.Alias)
	case *sql.Join:
		return s.join(t, sc)
	}
	s.unsupported(t.Span(), "this FROM item", "")
	return &relation{}
}

// table resolves a table or CTE name.
func (s *state) table(t *sql.Table, sc *scope) *relation {
	if len(t.Name) == 1 {
		if cte := sc.ctes.find(t.Name[0].Name); cte != nil {
			return s.alias(s.instance(cte.rel, []string{cte.name}, t.Span()), t.Alias)
		}
		s.unqualifiedTable(t, sc)
		return s.alias(hidden(), t.Alias)
	}
	if len(t.Name) > 2 {
		s.fault(diag.Diagnostic{Code: diag.UnknownTable, Span: t.Name[0].Span().To(t.Name[len(t.Name)-1].Span()),
			Message: "a table name has two parts, dataset and table", Help: `put a dataset reference with "/" or "@" in double quotes`})
		return s.alias(hidden(), t.Alias)
	}
	rel := s.scan(t)
	return s.alias(rel, t.Alias)
}

// hidden is the relation that stands for a table that could not be found: it hides what would only follow from that.
func hidden() *relation { return &relation{cols: []*column{{value: value{bad: true}}}} }

func (s *state) unqualifiedTable(t *sql.Table, sc *scope) {
	name := t.Name[0].Name
	d := diag.Diagnostic{Code: diag.UnknownTable, Span: t.Name[0].Span(), Message: "unknown table " + quote(name),
		Note: "a table is named as dataset.table"}
	if d.Help = suggest.DidYouMean(name, sc.ctes.names()); d.Help == "" {
		for _, dataset := range append(s.cat.Names(), "eth_firehose", "eth_rpc", "solana") {
			if ds := s.dataset(dataset); ds != nil && ds.Table(name) != nil {
				d.Help = "write " + dataset + "." + name + " if that is the dataset"
				break
			}
		}
	}
	s.fault(d)
}

// dataset finds a dataset by the text of its reference.
func (s *state) dataset(text string) *catalog.Dataset {
	ref, err := catalog.ParseRef(text)
	if err != nil {
		return nil
	}
	return s.cat.Dataset(ref)
}

// scan plans a table of a dataset.
func (s *state) scan(t *sql.Table) *relation {
	schema, name := t.Name[0], t.Name[1]
	ref, err := catalog.ParseRef(schema.Name)
	if err != nil {
		s.fault(diag.Diagnostic{Code: diag.UnknownTable, Span: schema.Span(), Message: "bad dataset reference " + quote(schema.Name),
			Note: err.Error(), Help: "write [namespace/]name[@revision]"})
		return hidden()
	}
	ds := s.cat.Dataset(ref)
	if ds == nil {
		s.fault(diag.Diagnostic{Code: diag.UnknownTable, Span: schema.Span(), Message: "unknown dataset " + quote(schema.Name),
			Note: "names that end in _rpc or _firehose, or begin with solana, are known by convention",
			Help: fmt.Sprintf("map it in ampgen.yaml: datasets: {%s: {kind: evm-rpc}}", strconv.Quote(schema.Name))})
		return hidden()
	}
	if ds.Broken {
		s.faults++ // reported where the catalog was read
		return hidden()
	}
	table := ds.Table(name.Name)
	if table == nil {
		var tables []string
		for _, t := range ds.Tables {
			tables = append(tables, t.Name)
		}
		s.fault(diag.Diagnostic{Code: diag.UnknownTable, Span: name.Span(), Message: fmt.Sprintf("dataset %s has no table %q", schema.Name, name.Name),
			Note: tablesNote(tables), Help: suggest.DidYouMean(name.Name, tables)})
		return hidden()
	}
	s.useOrder = append(s.useOrder, &use{dataset: ds,
		TableUse: TableUse{Dataset: schema.Name, Table: table.Name, Network: ds.Network, Kind: ds.Kind, Span: t.Span()}})
	return s.scanColumns(ds, table, schema.Name, t.Span())
}

func tablesNote(tables []string) string {
	if len(tables) == 0 {
		return "it has no tables"
	}
	return "its tables are " + list(tables)
}

func (s *state) scanColumns(ds *catalog.Dataset, table *catalog.Table, dataset string, at source.Span) *relation {
	block := s.newID()
	rel := &relation{}
	for _, f := range table.Schema.Fields() {
		c := &column{id: s.newID(), name: f.Name, qualifier: []string{dataset, table.Name}, span: at,
			value: *same(f.Type, f.Nullable), origin: &Origin{dataset, table.Name, f.Name}}
		if text := table.Logical[f.Name]; text != "" {
			c.shape = &shape{text: text}
		}
		switch evm := ds.Kind == catalog.EVMRPC || ds.Kind == catalog.Firehose; {
		case f.Name == "_block_num" && ds.Kind != catalog.Static, f.Name == "block_num" && evm:
			c.block = block
		case evm && (f.Name == "block_hash" || f.Name == "hash" && table.Name == "blocks"):
			c.blockHash = block
		}
		rel.cols = append(rel.cols, c)
	}
	rel.blocks = []int{block}
	return rel
}

// derived plans a query in FROM.
func (s *state) derived(t *sql.Derived, sc *scope) *relation {
	if t.Lateral {
		s.fault(diag.Diagnostic{Code: diag.Unsupported, Span: t.Span(), Message: "the server cannot run LATERAL",
			Note: "it plans the query and refuses to run it", Help: "join on a condition instead"})
		return hidden()
	}
	return s.query(t.Query, sc.outer, sc.ctes)
}

// alias renames a relation: its qualifier becomes the alias, and its columns those of the alias's list. Without an alias
// the inner qualifiers stay visible.
func (s *state) alias(rel *relation, a *sql.TableAlias) *relation {
	if a == nil {
		return rel
	}
	out := s.instance(rel, []string{a.Name.Name}, source.Span{})
	if len(a.Columns) == 0 || slices.ContainsFunc(rel.cols, func(c *column) bool { return c.bad && c.name == "" }) {
		return out
	}
	if len(a.Columns) != len(out.cols) {
		s.fault(diag.Diagnostic{Code: diag.QueryStructure, Span: a.Span(),
			Message: fmt.Sprintf("%s has %s and the alias names %d", a.Name.Name, count(len(out.cols), "column"), len(a.Columns)),
			Help:    "name all columns or none"})
		return out
	}
	seen := map[string]bool{}
	for i, name := range a.Columns {
		s.checkAlias(name)
		if seen[name.Name] {
			s.fault(diag.Diagnostic{Code: diag.DuplicateOutput, Span: name.Span(), Message: "two columns are called " + quote(name.Name),
				Help: "give one of them another name"})
		}
		seen[name.Name] = true
		out.cols[i].name, out.cols[i].unnamed, out.cols[i].span = name.Name, false, name.Span()
	}
	return out
}

// instance copies a relation under a new qualifier, as a table of its own: with new identities, and with the renaming of
// repeated names that the planner does (a, a:1, a:2).
func (s *state) instance(rel *relation, qualifier []string, at source.Span) *relation {
	out := &relation{joined: rel.joined}
	blocks := map[int]int{}
	for _, b := range rel.blocks {
		blocks[b] = s.newID()
		out.blocks = append(out.blocks, blocks[b])
	}
	// What was proven equal in the original is equal in the copy.
	for _, b := range rel.blocks[min(1, len(rel.blocks)):] {
		if s.find(b) == s.find(rel.blocks[0]) {
			s.unite(blocks[b], blocks[rel.blocks[0]])
		}
	}
	seen := map[string]int{}
	for _, c := range rel.cols {
		n := *c
		n.id, n.qualifier = s.newID(), qualifier
		if n.block != anyBlock {
			n.block = blocks[c.block]
		}
		n.blockHash = blocks[c.blockHash]
		if at.Valid() && !n.unnamed {
			n.span = at
		}
		if k := seen[c.name]; k > 0 && !c.unnamed {
			n.name = c.name + ":" + strconv.Itoa(k)
		}
		seen[c.name]++
		out.cols = append(out.cols, &n)
	}
	return out
}

// unnestTable plans UNNEST(…) in FROM: a column per list, or the fields of a struct.
func (s *state) unnestTable(t *sql.Unnest, sc *scope) *relation {
	rel := &relation{}
	for _, arg := range t.Args {
		v := s.expr(&scope{rel: &relation{}, outer: &scope{rel: sc.rel}, ctes: sc.ctes, rules: clauseRules{clause: "UNNEST", unnest: true}}, arg)
		if v.bad || v.unknown.Valid() {
			rel.cols = append(rel.cols, &column{id: s.newID(), value: *v, unnamed: true, span: arg.Span()})
			continue
		}
		if strings.Contains(v.key, outerKey) {
			s.fault(diag.Diagnostic{Code: diag.Unsupported, Span: arg.Span(), Message: "UNNEST in FROM cannot use a column of its neighbours",
				Note: "the server plans this and then refuses to run it", Help: "write unnest(…) in the select list"})
			return hidden()
		}
		if st, ok := v.a.Type.(*arrow.StructType); ok {
			for _, f := range st.Fields() {
				rel.cols = append(rel.cols, &column{id: s.newID(), name: f.Name, span: arg.Span(),
					value: value{r: typed{f.Type, f.Nullable}, a: typed{f.Type, f.Nullable || v.a.Nullable}}})
			}
			continue
		}
		c := &column{id: s.newID(), value: *s.unnest(v, arg.Span()), unnamed: true, span: arg.Span()}
		rel.cols = append(rel.cols, c)
	}
	return rel
}

// tableFunction plans generate_series(…) and range(…): one column called value.
func (s *state) tableFunction(t *sql.TableFunction, sc *scope) *relation {
	name := t.Name[len(t.Name)-1]
	if len(t.Name) > 1 || name.Name != "generate_series" && name.Name != "range" {
		s.fault(diag.Diagnostic{Code: diag.UnknownFunction, Span: t.Span(), Message: "unknown table function " + quote(written(t.Name)),
			Note: "there are generate_series and range", Help: suggest.DidYouMean(name.Name, []string{"generate_series", "range"})})
		return hidden()
	}
	if name.Value != name.Name {
		s.fault(diag.Diagnostic{Code: diag.UnknownFunction, Span: name.Span(), Message: "the server knows table functions by their lower-case name only",
			Help: "write " + name.Name})
		return hidden()
	}
	if len(t.Args) < 1 || len(t.Args) > 3 {
		s.fault(diag.Diagnostic{Code: diag.Arguments, Span: t.Span(), Message: fmt.Sprintf("%s takes 1 to 3 arguments, not %d", name.Name, len(t.Args))})
		return hidden()
	}
	dt := arrow.DataType(arrow.PrimitiveTypes.Int64)
	for i, arg := range t.Args {
		v := s.expr(&scope{rel: &relation{}, ctes: sc.ctes, rules: clauseRules{clause: name.Name}}, arg.Value)
		if v.bad {
			return hidden()
		}
		if i == 0 && (coerce.IsTimestamp(v.a.Type) || coerce.IsDate(v.a.Type)) {
			dt = coerce.Timestamp(arrow.Nanosecond, "")
			if ts, ok := v.a.Type.(*arrow.TimestampType); ok {
				dt = coerce.Timestamp(arrow.Nanosecond, ts.TimeZone)
			}
		}
	}
	return &relation{cols: []*column{{id: s.newID(), name: "value", qualifier: []string{name.Name + "()"}, value: *same(dt, false), span: t.Span()}}}
}

// count is "1 column" or "3 columns".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}
