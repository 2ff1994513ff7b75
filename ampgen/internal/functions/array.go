package functions

import (
	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ampgen/ampgen/ampgen/internal/coerce"
)

// role is what an argument of a list function is.
type role uint8

const (
	array   role = iota // a list, or NULL
	element             // a value that goes with the items
	index               // an Int64
	label               // a text
)

// arrays is the signature of a list function: the items of its lists and its elements find a common type.
type arrays struct {
	roles     []role
	keepFixed bool // a list of fixed size stays one if all lists are
}

// onLists is an arrays signature under which a list of fixed size becomes a List.
func onLists(roles ...role) arrays { return arrays{roles: roles} }

// onFixedLists is an arrays signature that keeps lists of fixed size.
func onFixedLists(roles ...role) arrays { return arrays{roles: roles, keepFixed: true} }

func (s arrays) takes(n int) bool { return n == len(s.roles) }
func (s arrays) decided() bool    { return false }

func (s arrays) candidates(args []arrow.DataType) [][]arrow.DataType {
	var items []arrow.DataType
	large, fixed := false, s.keepFixed
	for i, dt := range args {
		switch s.roles[i] {
		case element:
			items = append(items, dt)
		case array:
			item, ok := coerce.Item(dt)
			switch {
			case coerce.IsNull(dt):
				items = append(items, dt)
			case !ok || !coerce.IsList(dt):
				return nil
			default:
				items = append(items, item.Type)
				large = large || dt.ID() == arrow.LARGE_LIST
				fixed = fixed && dt.ID() == arrow.FIXED_SIZE_LIST
			}
		}
	}
	common, ok := coerce.Union(items...)
	if !ok {
		return nil
	}
	types := make([]arrow.DataType, len(args))
	for i, dt := range args {
		switch s.roles[i] {
		case element:
			types[i] = common
		case index:
			types[i] = int64Type
		case label:
			types[i] = utf8
		case array:
			types[i] = relist(dt, common, large, fixed)
		}
	}
	return [][]arrow.DataType{types}
}

// relist is the list type of dt with another item type; NULL stays NULL.
func relist(dt, item arrow.DataType, large, fixed bool) arrow.DataType {
	if coerce.IsNull(dt) {
		return dt
	}
	old, _ := coerce.Item(dt)
	field := arrow.Field{Name: "item", Type: item, Nullable: old.Nullable}
	switch {
	case large:
		return arrow.LargeListOfField(field)
	case fixed:
		return arrow.FixedSizeListOfField(dt.(*arrow.FixedSizeListType).Len(), field)
	}
	return arrow.ListOfField(field)
}

// onMap is the signature of a function of one map.
type onMap struct{}

func (onMap) takes(n int) bool { return n == 1 }
func (onMap) decided() bool    { return false }

func (onMap) candidates(args []arrow.DataType) [][]arrow.DataType {
	if args[0].ID() != arrow.MAP {
		return nil
	}
	return [][]arrow.DataType{args}
}

// unionAll casts all arguments to their union.
func unionAll(args []arrow.DataType) ([]arrow.DataType, bool) {
	if types, ok := coerce.UnionStructs(args); ok {
		return types, true
	}
	dt, ok := coerce.Union(args...)
	if !ok {
		return nil, false
	}
	return repeat(dt, len(args)), true
}

// concatLists gives all lists the same innermost items and leaves their depth. DataFusion also announces a type for large
// lists beside others, which it does not run.
func concatLists(args []arrow.DataType) ([]arrow.DataType, bool) {
	bases := make([]arrow.DataType, len(args))
	for i, dt := range args {
		if !coerce.IsList(dt) || isLarge(dt) != isLarge(args[0]) {
			return nil, false
		}
		bases[i] = baseType(dt)
	}
	base, ok := coerce.Union(bases...)
	if !ok {
		return nil, false
	}
	out := make([]arrow.DataType, len(args))
	for i, dt := range args {
		out[i] = rebase(dt, base)
	}
	return out, true
}

// deepest is the type of concatenated lists.
func deepest(c *call) (arrow.DataType, error) {
	out := c.types[0]
	for _, dt := range c.types[1:] {
		if depth(dt) > depth(out) {
			out = dt
		}
	}
	return nullableItems(out), nil
}

func isLarge(dt arrow.DataType) bool { return dt.ID() == arrow.LARGE_LIST }

// rebase replaces the innermost item type, and lists of fixed size by lists.
func rebase(dt, base arrow.DataType) arrow.DataType {
	item, ok := coerce.Item(dt)
	if !ok {
		return base
	}
	item.Type = rebase(item.Type, base)
	if dt.ID() == arrow.LARGE_LIST {
		return arrow.LargeListOfField(item)
	}
	return arrow.ListOfField(item)
}

// distanceLists makes two lists of Float64, which must be of one kind to run.
func distanceLists(args []arrow.DataType) ([]arrow.DataType, bool) {
	out := make([]arrow.DataType, len(args))
	for i, dt := range args {
		if !coerce.IsList(dt) || isLarge(dt) != isLarge(args[0]) {
			return nil, false
		}
		out[i] = rebase(dt, float64Type)
	}
	return out, true
}
