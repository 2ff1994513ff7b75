package emit

import (
	"errors"
	"fmt"
	"path"
	"strconv"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ampgen/ampgen/ampgen/internal/coerce"
	"github.com/ampgen/ampgen/ampgen/internal/goname"
	"github.com/ampgen/ampgen/ampgen/internal/ir"
)

// model is a pipeline with the identifiers of everything that is generated from it.
type model struct {
	*ir.Pipeline
	importPath string   // of the pipeline's package
	columns    []column // of the table: the query's, then the labels'
	nested     []*node  // the nodes with children, parents first
}

// column is a column of the table.
type column struct {
	ir.Column
	node  *node
	label string // the label that it comes from; empty for the query's
}

// field is the name of the column's field in Columns, whose methods are Bind and Row. Go names have no underscores, so the
// escaped name is free.
func (c column) field() string { return escape(c.GoName, "Bind", "Row") }

// arrowField is the column in the table's schema.
func (c column) arrowField() arrow.Field {
	f := arrow.Field{Name: c.Name, Type: c.Type, Nullable: c.Nullable}
	if c.Logical != "" {
		f.Metadata = arrow.NewMetadata([]string{logicalKey}, []string{c.Logical})
	}
	return f
}

// logicalKey is runtime.LogicalKey, which the generator does not import.
const logicalKey = "ampgen.logical"

// node is a type in the tree of types of one column.
type node struct {
	typ arrow.DataType
	// scalar is nil for a node with children.
	scalar *scalar
	// path is where the values are, for comments: access_list, access_list[].address.
	path string
	// row is the generated type of a struct or of a map's entry, and columns that of the bound arrays.
	row, columns string
	// children are a list's item, a map's key and value, or a struct's fields.
	children []child
}

// child is a node inside another one.
type child struct {
	*node
	name     string // in Arrow
	goName   string // in the parent's row type
	nullable bool
}

// field is the child's name in the parent's columns type, which also has the parent's own array.
func (c child) field() string { return escape(c.goName, "List", "Struct", "Map") }

func escape(name string, taken ...string) string {
	for _, t := range taken {
		if name == t {
			return name + "_"
		}
	}
	return name
}

// array is the field of the columns type that has the node's own array.
func (n *node) array() string {
	switch n.typ.ID() {
	case arrow.STRUCT:
		return "Struct"
	case arrow.MAP:
		return "Map"
	}
	return "List"
}

func newModel(p *ir.Pipeline, opts Options) (*model, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	m := &model{Pipeline: p, importPath: path.Join(opts.ImportPath, p.Folder)}
	var errs []error
	kinds := map[string]bool{}
	for _, s := range p.Sinks {
		if _, ok := sinks[s.Kind]; !ok || kinds[s.Kind] {
			errs = append(errs, fmt.Errorf("sink %q is unknown or occurs twice", s.Kind))
		}
		kinds[s.Kind] = true
	}
	b := builder{model: m, names: opts.Names, taken: map[string]bool{}}
	add := func(c ir.Column, label string) {
		if err := Supported(c.Type); err != nil {
			errs = append(errs, fmt.Errorf("column %q: %w", c.Name, err))
			return
		}
		m.columns = append(m.columns, column{Column: c, node: b.node(c.Type, c.Logical, c.GoName, c.Name), label: label})
	}
	for _, c := range p.Query {
		add(c, "")
	}
	for _, l := range p.Labels {
		for _, c := range l.Columns {
			add(c.Column, l.Name)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("pipeline %s: %w", p.Name, err)
	}
	return m, nil
}

// Supported reports why generated code cannot have values of type t, or nil.
func Supported(t arrow.DataType) error {
	switch t := t.(type) {
	case *arrow.ListType, *arrow.LargeListType, *arrow.FixedSizeListType:
		return Supported(t.(arrow.ListLikeType).Elem())
	case *arrow.MapType:
		return errors.Join(Supported(t.KeyType()), Supported(t.ItemType()))
	case *arrow.StructType:
		for _, f := range t.Fields() {
			if err := Supported(f.Type); err != nil {
				return err
			}
		}
		return nil
	}
	if newScalar(t, "") == nil {
		return fmt.Errorf("%s has no Go type; cast it with arrow_cast to one that has", coerce.Format(t))
	}
	return nil
}

// builder makes nodes and chooses their names.
type builder struct {
	*model
	names goname.Rules
	taken map[string]bool
}

// node makes the node of a type. goPath is what the names of its types end with.
func (b *builder) node(t arrow.DataType, logical, goPath, path string) *node {
	n := &node{typ: t, path: path, scalar: newScalar(t, logical)}
	if n.scalar != nil {
		return n
	}
	b.nested = append(b.nested, n)
	switch t := t.(type) {
	case *arrow.StructType:
		goPath = b.free(goPath)
		n.row = "Row" + goPath
		b.structFields(n, t, goPath)
	case *arrow.MapType:
		goPath = b.free(goPath)
		n.row = "Row" + goPath + "Entry"
		b.taken[goPath+"Entry"] = true
		n.children = []child{
			b.child(t.KeyField(), "Key", goPath, path+"[].key"),
			b.child(t.ItemField(), "Value", goPath, path+"[].value"),
		}
	case arrow.ListLikeType:
		goPath = b.free(goPath)
		n.children = []child{b.child(t.ElemField(), "Item", goPath, path+"[]")}
	}
	n.columns = "Columns" + goPath
	return n
}

func (b *builder) structFields(n *node, t *arrow.StructType, goPath string) {
	taken := map[string]bool{}
	for _, f := range t.Fields() {
		goName := unused(b.names.Exported(f.Name), taken)
		n.children = append(n.children, b.child(f, goName, goPath, n.path+"."+f.Name))
	}
}

func (b *builder) child(f arrow.Field, goName, goPath, path string) child {
	logical, _ := f.Metadata.GetValue(logicalKey)
	return child{node: b.node(f.Type, logical, goPath+goName, path), name: f.Name, goName: goName, nullable: f.Nullable}
}

// free is goPath, or with a number behind it, so that the types of two nodes never have one name.
func (b *builder) free(goPath string) string { return unused(goPath, b.taken) }

func unused(name string, taken map[string]bool) string {
	free := name
	for i := 2; taken[free]; i++ {
		free = name + strconv.Itoa(i)
	}
	taken[free] = true
	return free
}

// command is the folder of the loader for a sink, below the pipeline's folder.
func (m *model) command(s ir.Sink) string { return path.Join("cmd", m.Folder+"-"+s.Kind) }

// schemas are those of query and table. They are one and the same if there is nothing that the table adds.
func (m *model) schemas() (query, table []arrow.Field, same bool) {
	same = len(m.columns) == len(m.Query)
	for _, c := range m.Query {
		query = append(query, arrow.Field{Name: c.Name, Type: c.Type, Nullable: c.Announced})
		same = same && c.Announced == c.Nullable && c.Logical == ""
	}
	for _, c := range m.columns {
		table = append(table, c.arrowField())
	}
	return query, table, same
}
