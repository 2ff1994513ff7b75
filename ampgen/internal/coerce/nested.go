package coerce

import "github.com/apache/arrow-go/v18/arrow"

// lists is the common type of two lists. Items unite by Union; a large list beats a list, and fixed sizes survive only
// when they are equal.
func lists(l, r arrow.DataType) (arrow.DataType, bool) {
	if !IsList(l) || !IsList(r) {
		return nil, false
	}
	item, _ := Item(l)
	other, _ := Item(r)
	union, ok := Union(item.Type, other.Type)
	if !ok {
		return nil, false
	}
	item.Type, item.Nullable = union, item.Nullable || other.Nullable
	left, lfixed := l.(*arrow.FixedSizeListType)
	right, rfixed := r.(*arrow.FixedSizeListType)
	switch {
	case l.ID() == arrow.LARGE_LIST || r.ID() == arrow.LARGE_LIST:
		return arrow.LargeListOfField(item), true
	case lfixed && rfixed && left.Len() == right.Len():
		return arrow.FixedSizeListOfField(left.Len(), item), true
	}
	return arrow.ListOfField(item), true
}

// structsByPosition pairs fields by position and keeps the names of the left.
func structsByPosition(l, r arrow.DataType) (arrow.DataType, bool) {
	left, lok := l.(*arrow.StructType)
	right, rok := r.(*arrow.StructType)
	if !lok || !rok || left.NumFields() != right.NumFields() {
		return nil, false
	}
	fields := make([]arrow.Field, left.NumFields())
	for i, f := range left.Fields() {
		dt, ok := Comparison(f.Type, right.Field(i).Type)
		if !ok {
			return nil, false
		}
		fields[i] = arrow.Field{Name: f.Name, Type: dt, Nullable: f.Nullable || right.Field(i).Nullable}
	}
	return arrow.StructOf(fields...), true
}

// structsByName pairs fields by name and keeps order and names of the left. Its field types unite by pairs of unionPair.
func structsByName(l, r *arrow.StructType) (arrow.DataType, bool) {
	if l.NumFields() != r.NumFields() {
		return nil, false
	}
	fields := make([]arrow.Field, l.NumFields())
	for i, f := range l.Fields() {
		at, found := r.FieldIdx(f.Name)
		if !found {
			return nil, false
		}
		dt, ok := unionPair(f.Type, r.Field(at).Type)
		if !ok {
			return nil, false
		}
		fields[i] = arrow.Field{Name: f.Name, Type: dt, Nullable: f.Nullable || r.Field(i).Nullable}
	}
	return arrow.StructOf(fields...), true
}

// maps is the common type of two maps, whose keys and values compare like struct fields.
func maps(l, r arrow.DataType) (arrow.DataType, bool) {
	left, lok := l.(*arrow.MapType)
	right, rok := r.(*arrow.MapType)
	if !lok || !rok {
		return nil, false
	}
	entries, ok := structsByPosition(left.Elem(), right.Elem())
	if !ok {
		return nil, false
	}
	fields := entries.(*arrow.StructType)
	m := arrow.MapOfFields(fields.Field(0), fields.Field(1))
	m.KeysSorted = left.KeysSorted && right.KeysSorted
	return m, true
}
