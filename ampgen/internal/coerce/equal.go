package coerce

import "github.com/apache/arrow-go/v18/arrow"

// Equal reports whether two types are the same, names and nullability of nested fields included and field metadata not.
func Equal(a, b arrow.DataType) bool { return equal(a, b, true) }

// sameShape is Equal without the names of nested fields, which is what DataFusion asks before it compares two types.
func sameShape(a, b arrow.DataType) bool { return equal(a, b, false) }

func equal(a, b arrow.DataType, names bool) bool {
	if a.ID() != b.ID() {
		return false
	}
	switch l := a.(type) {
	case *arrow.FixedSizeListType:
		r := b.(*arrow.FixedSizeListType)
		return l.Len() == r.Len() && equalField(l.ElemField(), r.ElemField(), names)
	case *arrow.MapType:
		r := b.(*arrow.MapType)
		return l.KeysSorted == r.KeysSorted && equal(l.Elem(), r.Elem(), names)
	case *arrow.StructType:
		return equalFields(l.Fields(), b.(*arrow.StructType).Fields(), names)
	case *arrow.DictionaryType:
		r := b.(*arrow.DictionaryType)
		return equal(l.IndexType, r.IndexType, names) && equal(l.ValueType, r.ValueType, names)
	case *arrow.RunEndEncodedType:
		r := b.(*arrow.RunEndEncodedType)
		return equal(l.RunEnds(), r.RunEnds(), names) && equal(l.Encoded(), r.Encoded(), names)
	}
	if left, ok := Item(a); ok {
		right, _ := Item(b)
		return equalField(left, right, names)
	}
	return arrow.TypeEqual(a, b)
}

func equalFields(a, b []arrow.Field, names bool) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !equalField(a[i], b[i], names) {
			return false
		}
	}
	return true
}

func equalField(a, b arrow.Field, names bool) bool {
	return (!names || a.Name == b.Name) && a.Nullable == b.Nullable && equal(a.Type, b.Type, names)
}
