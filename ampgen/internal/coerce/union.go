package coerce

import "github.com/apache/arrow-go/v18/arrow"

// Union is the type that holds values of all the given types: DataFusion's type union resolution, the rule of COALESCE,
// GREATEST, array literals, VALUES and the list functions. Text and a number meet in the number. Unequal byte types, also
// bytes beside NULL, have no union. False if there is none, or no type.
func Union(types ...arrow.DataType) (arrow.DataType, bool) {
	if len(types) == 0 {
		return nil, false
	}
	if allEqual(types) {
		return types[0], true
	}
	if !oneCategory(types) {
		return nil, false
	}
	var union arrow.DataType
	for _, dt := range types {
		switch {
		case IsNull(dt):
		case union == nil:
			union = dt
		default:
			var ok bool
			if union, ok = unionPair(dt, union); !ok {
				return nil, false
			}
		}
	}
	return union, true
}

// UnionStructs is what COALESCE and array literals do when all types are structs with the same field names in the same
// order: the fields unite one by one, and each argument keeps its own nullability flags. False for all other types.
func UnionStructs(types []arrow.DataType) ([]arrow.DataType, bool) {
	var union []arrow.DataType
	var first *arrow.StructType
	for _, dt := range types {
		s, ok := dt.(*arrow.StructType)
		if !ok || first != nil && !sameNames(first, s) {
			return nil, false
		}
		if first == nil {
			first = s
			for _, f := range s.Fields() {
				union = append(union, f.Type)
			}
			continue
		}
		for i := range union {
			if union[i], ok = unionPair(union[i], s.Field(i).Type); !ok {
				return nil, false
			}
		}
	}
	out := make([]arrow.DataType, len(types))
	for i, dt := range types {
		fields := dt.(*arrow.StructType).Fields()
		for j := range fields {
			fields[j].Type = union[j]
		}
		out[i] = arrow.StructOf(fields...)
	}
	return out, first != nil
}

func sameNames(a, b *arrow.StructType) bool {
	if a.NumFields() != b.NumFields() {
		return false
	}
	for i, f := range a.Fields() {
		if f.Name != b.Field(i).Name {
			return false
		}
	}
	return true
}

func allEqual(types []arrow.DataType) bool {
	for _, dt := range types[1:] {
		if !Equal(types[0], dt) {
			return false
		}
	}
	return true
}

func unionPair(l, r arrow.DataType) (arrow.DataType, bool) {
	if Equal(l, r) {
		return l, true
	}
	left, ldict := l.(*arrow.DictionaryType)
	right, rdict := r.(*arrow.DictionaryType)
	switch {
	case ldict && rdict:
		index, iok := unionPair(left.IndexType, right.IndexType)
		value, vok := unionPair(left.ValueType, right.ValueType)
		return &arrow.DictionaryType{IndexType: index, ValueType: value}, iok && vok
	case ldict:
		return unionDictionary(left, r)
	case rdict:
		return unionDictionary(right, l)
	}
	if ls, ok := l.(*arrow.StructType); ok {
		if rs, ok := r.(*arrow.StructType); ok {
			return structsByName(ls, rs)
		}
	}
	return firstOf(l, r, Numeric, lists, temporal, text, numberOfText, bytes)
}

func unionDictionary(d *arrow.DictionaryType, other arrow.DataType) (arrow.DataType, bool) {
	value, ok := unionPair(d.ValueType, other)
	if !ok || value.ID() == arrow.STRING_VIEW {
		return value, ok
	}
	return &arrow.DictionaryType{IndexType: d.IndexType, ValueType: value}, true
}

// category groups the types that can have a union at all.
type category uint8

const (
	unsupported category = iota
	neutral              // text and NULL go with every category
	numbers
	booleans
	arrays
	datesAndTimes
	composites
)

func categoryOf(dt arrow.DataType) category {
	switch {
	case IsNull(dt) || IsString(dt):
		return neutral
	case IsNumeric(dt):
		return numbers
	case dt.ID() == arrow.BOOL:
		return booleans
	case IsList(dt):
		return arrays
	case IsDate(dt) || IsTime(dt) || IsTimestamp(dt) || IsInterval(dt) || IsDuration(dt):
		return datesAndTimes
	}
	switch t := dt.(type) {
	case *arrow.StructType, *arrow.MapType, arrow.UnionType:
		return composites
	case *arrow.DictionaryType:
		return categoryOf(t.ValueType)
	}
	return unsupported
}

func oneCategory(types []arrow.DataType) bool {
	seen := neutral
	for _, dt := range types {
		switch c := categoryOf(dt); c {
		case unsupported:
			return false
		case neutral, seen:
		default:
			if seen != neutral {
				return false
			}
			seen = c
		}
	}
	return true
}
