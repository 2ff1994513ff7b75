package sql

// Inspect visits n and everything below it in source order, depth first. It calls f with each node; when f answers false
// the node's children are skipped. Identifiers are not visited.
func Inspect(n Node, f func(Node) bool) {
	if f(n) {
		children(n, func(child Node) { Inspect(child, f) })
	}
}

// children calls visit with each direct child of n.
func children(n Node, visit func(Node)) {
	v := visitor(visit)
	switch n := n.(type) {
	case Expr:
		v.exprChildren(n)
	case Body:
		v.bodyChildren(n)
	case TableRef:
		v.tableChildren(n)
	case *With:
		all(v, n.CTEs)
	case *CTE:
		v(n.Query)
	case *Distinct:
		v.exprs(n.On)
	case *ExprItem:
		v(n.Expr)
	case *Wildcard:
		all(v, n.Replace)
	case *Replacement:
		v(n.Expr)
	case *GroupBy:
		all(v, n.Items)
	case *GroupExpr:
		v(n.Expr)
	case *GroupingSets:
		for _, set := range n.Sets {
			v.exprs(set)
		}
	case *NamedWindow:
		v(n.Spec)
	case *OrderItem:
		v(n.Expr)
	case *When:
		v(n.Cond)
		v(n.Result)
	case *Arg:
		v(n.Value)
	case *Over:
		if n.Spec != nil {
			v(n.Spec)
		}
	case *WindowSpec:
		v.exprs(n.PartitionBy)
		all(v, n.OrderBy)
		if n.Frame != nil {
			v(n.Frame)
		}
	case *Frame:
		v(n.Start)
		if n.End != nil {
			v(n.End)
		}
	case *FrameBound:
		v.optional(n.Offset)
	case *StructField:
		v(n.Value)
	case *MapEntry:
		v(n.Key)
		v(n.Value)
	case *TypeName:
		if n.Elem != nil {
			v(n.Elem)
		}
		all(v, n.Fields)
	case *TypeField:
		v(n.Type)
	}
}

type visitor func(Node)

func (v visitor) optional(e Expr) {
	if e != nil {
		v(e)
	}
}

func (v visitor) exprs(list []Expr) { all(v, list) }

func all[N Node](v visitor, list []N) {
	for _, n := range list {
		v(n)
	}
}

func (v visitor) bodyChildren(b Body) {
	switch b := b.(type) {
	case *Query:
		if b.With != nil {
			v(b.With)
		}
		v(b.Body)
		all(v, b.OrderBy)
		v.optional(b.Limit)
		v.optional(b.Offset)
		if b.Stream != nil {
			v(b.Stream)
		}
	case *SetOp:
		v(b.Left)
		v(b.Right)
	case *Values:
		for _, row := range b.Rows {
			v.exprs(row)
		}
	case *Select:
		if b.Distinct != nil {
			v(b.Distinct)
		}
		all(v, b.Items)
		all(v, b.From)
		v.optional(b.Where)
		if b.GroupBy != nil {
			v(b.GroupBy)
		}
		v.exprs(b.DistributeBy)
		v.optional(b.Having)
		all(v, b.Windows)
		v.optional(b.Qualify)
	}
}

func (v visitor) tableChildren(t TableRef) {
	switch t := t.(type) {
	case *TableFunction:
		all(v, t.Args)
	case *Derived:
		v(t.Query)
	case *Unnest:
		v.exprs(t.Args)
	case *ParenTable:
		v(t.Table)
	case *Join:
		v(t.Left)
		v(t.Right)
		v.optional(t.On)
	}
}

func (v visitor) exprChildren(e Expr) {
	switch e := e.(type) {
	case *TypedLiteral:
		v(e.Type)
		v(e.Value)
	case *Interval:
		v(e.Value)
	case *Paren:
		v(e.Expr)
	case *Unary:
		v(e.Operand)
	case *Binary:
		v(e.Left)
		v(e.Right)
	case *Is:
		v(e.Operand)
	case *InList:
		v(e.Operand)
		v.exprs(e.List)
	case *InSubquery:
		v(e.Operand)
		v(e.Query)
	case *Between:
		v(e.Operand)
		v(e.Low)
		v(e.High)
	case *Like:
		v(e.Operand)
		v(e.Pattern)
		if e.Escape != nil {
			v(e.Escape)
		}
	case *Case:
		v.optional(e.Operand)
		all(v, e.Whens)
		v.optional(e.Else)
	case *Cast:
		v(e.Operand)
		v(e.Type)
	case *AtTimeZone:
		v(e.Operand)
		v(e.Zone)
	case *Call:
		all(v, e.Args)
		all(v, e.OrderBy)
		all(v, e.WithinGroup)
		v.optional(e.Filter)
		if e.Over != nil {
			v(e.Over)
		}
	case *Array:
		v.exprs(e.Elems)
	case *Struct:
		all(v, e.Fields)
	case *Map:
		all(v, e.Entries)
	case *Subscript:
		v(e.Base)
		v(e.Index)
	case *Slice:
		v(e.Base)
		v(e.Low)
		v(e.High)
		v.optional(e.Step)
	case *Subquery:
		v(e.Query)
	case *Exists:
		v(e.Query)
	}
}
