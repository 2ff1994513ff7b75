package coerce

import "github.com/apache/arrow-go/v18/arrow"

// CanCast reports whether arrow-rs has a cast between two types. A value may still not fit: then CAST fails and TRY_CAST
// is NULL.
func CanCast(from, to arrow.DataType) bool {
	if Equal(from, to) {
		return true
	}
	switch {
	case IsNull(from):
		return castableNull(to)
	case isNested(from) || isNested(to):
		return castNested(from, to)
	case IsString(from):
		return castText(to)
	case IsString(to):
		return from.ID() != arrow.FIXED_SIZE_BINARY
	case isBytes(from) || isBytes(to):
		return castBytes(from, to)
	case IsNumeric(from) && IsNumeric(to):
		return castNumber(from, to)
	case from.ID() == arrow.BOOL:
		return IsInteger(to) || IsFloat(to)
	case to.ID() == arrow.BOOL:
		return IsInteger(from) || IsFloat(from)
	}
	return castTemporal(from, to)
}

func isNested(dt arrow.DataType) bool {
	switch dt.ID() {
	case arrow.DICTIONARY, arrow.RUN_END_ENCODED, arrow.STRUCT, arrow.MAP, arrow.SPARSE_UNION, arrow.DENSE_UNION:
		return true
	}
	_, list := Item(dt)
	return list
}

func isBytes(dt arrow.DataType) bool { return IsBinary(dt) || dt.ID() == arrow.FIXED_SIZE_BINARY }

func castableNull(to arrow.DataType) bool {
	switch to.ID() {
	case arrow.LIST_VIEW, arrow.LARGE_LIST_VIEW, arrow.SPARSE_UNION, arrow.DENSE_UNION:
		return false
	}
	return true
}

func castText(to arrow.DataType) bool {
	return IsString(to) || IsBinary(to) || IsNumeric(to) && to.ID() != arrow.FLOAT16 || to.ID() == arrow.BOOL ||
		IsDate(to) || IsTime(to) || IsTimestamp(to) || IsInterval(to)
}

func castBytes(from, to arrow.DataType) bool {
	switch {
	case IsInteger(from):
		return to.ID() == arrow.BINARY || to.ID() == arrow.LARGE_BINARY
	case from.ID() == arrow.FIXED_SIZE_BINARY:
		return IsBinary(to)
	case to.ID() == arrow.FIXED_SIZE_BINARY:
		return from.ID() == arrow.BINARY || from.ID() == arrow.LARGE_BINARY
	}
	return IsBinary(from) && IsBinary(to)
}

func castNumber(from, to arrow.DataType) bool {
	source, fromDecimal := splitDecimal(from)
	target, toDecimal := splitDecimal(to)
	switch {
	case fromDecimal && toDecimal: // the factor between the scales must be a number itself
		return target.scale-source.scale <= target.limit()
	case fromDecimal:
		return to.ID() != arrow.FLOAT16
	case toDecimal:
		return from.ID() != arrow.FLOAT16
	}
	return true
}

func castTemporal(from, to arrow.DataType) bool {
	switch {
	case IsTimestamp(from):
		return IsTimestamp(to) || IsDate(to) || IsTime(to) || IsNumeric(to)
	case IsTimestamp(to):
		return IsNumeric(from) || IsDate(from)
	case IsDuration(from):
		return IsDuration(to) || IsNumeric(to) || Equal(to, monthDayNano)
	case IsDuration(to):
		return IsNumeric(from) || Equal(from, monthDayNano)
	case IsInterval(from):
		return Equal(to, monthDayNano)
	case IsInterval(to):
		return from.ID() == arrow.INT32 && to.ID() == arrow.INTERVAL_MONTHS
	case IsDate(from):
		return IsDate(to) || to.ID() == arrow.INT32 || to.ID() == arrow.INT64
	case IsDate(to):
		return from.ID() == arrow.INT32 || from.ID() == arrow.INT64
	case IsTime(from) && IsTime(to):
		return true
	case from.ID() == arrow.TIME32:
		return to.ID() == arrow.INT32 || to.ID() == arrow.INT64
	case from.ID() == arrow.TIME64:
		return to.ID() == arrow.INT64
	case to.ID() == arrow.TIME32:
		return from.ID() == arrow.INT32
	}
	return to.ID() == arrow.TIME64 && from.ID() == arrow.INT64
}

// castNested decides where a type holds other types.
func castNested(from, to arrow.DataType) bool {
	if d, ok := from.(*arrow.DictionaryType); ok {
		return CanCast(d.ValueType, Unwrap(to))
	}
	if d, ok := to.(*arrow.DictionaryType); ok {
		return CanCast(from, d.ValueType)
	}
	if s, ok := from.(*arrow.StructType); ok {
		t, ok := to.(*arrow.StructType)
		return ok && castStruct(s, t)
	}
	if m, ok := from.(*arrow.MapType); ok {
		t, ok := to.(*arrow.MapType)
		return ok && CanCast(m.KeyType(), t.KeyType()) && CanCast(m.ItemType(), t.ItemType())
	}
	return castList(from, to)
}

// castStruct pairs fields by name if every name is found, else by position.
func castStruct(from, to *arrow.StructType) bool {
	if from.NumFields() != to.NumFields() {
		return false
	}
	byName := true
	for _, f := range to.Fields() {
		_, found := from.FieldIdx(f.Name)
		byName = byName && found
	}
	for i, f := range to.Fields() {
		source := i
		if byName {
			source, _ = from.FieldIdx(f.Name)
		}
		if !CanCast(from.Field(source).Type, f.Type) {
			return false
		}
	}
	return true
}

func castList(from, to arrow.DataType) bool {
	source, fromList := Item(from)
	target, toList := Item(to)
	switch {
	case fromList && toList:
		return sameLength(from, to) && CanCast(source.Type, target.Type)
	case fromList:
		return (to.ID() == arrow.STRING || to.ID() == arrow.LARGE_STRING) && from.ID() != arrow.FIXED_SIZE_LIST && CanCast(source.Type, to)
	case toList:
		fixed, ok := to.(*arrow.FixedSizeListType)
		return CanCast(from, target.Type) && (!ok || fixed.Len() == 1)
	}
	return false
}

// sameLength is false for two lists of fixed and different length.
func sameLength(l, r arrow.DataType) bool {
	left, lok := l.(*arrow.FixedSizeListType)
	right, rok := r.(*arrow.FixedSizeListType)
	return !lok || !rok || left.Len() == right.Len()
}
