package coerce

import "github.com/apache/arrow-go/v18/arrow"

// Comparison is the type in which two values are compared, DataFusion's comparison coercion. CASE, UNION, IN and BETWEEN
// bring their parts together by it too. Text and a number meet in the text. False if there is none.
func Comparison(l, r arrow.DataType) (arrow.DataType, bool) {
	if sameShape(l, r) {
		return l, true
	}
	return firstOf(l, r, Numeric,
		func(l, r arrow.DataType) (arrow.DataType, bool) { return dictionaries(l, r, true, Comparison) },
		temporal, text, lists, nulls, textNumber, textTemporal, bytes, structsByPosition, maps)
}

// ComparisonNumeric is the type in which NULLIF compares two values: like Comparison, but text and a number meet in the
// number, and bytes, lists, structs and mixed times do not meet at all.
func ComparisonNumeric(l, r arrow.DataType) (arrow.DataType, bool) {
	if Equal(l, r) {
		return l, true
	}
	return firstOf(l, r, Numeric,
		func(l, r arrow.DataType) (arrow.DataType, bool) { return dictionaries(l, r, true, ComparisonNumeric) },
		text, nulls, numberOfText)
}

// rule is one way in which two types can find a common one.
type rule func(l, r arrow.DataType) (arrow.DataType, bool)

// firstOf tries rules in order.
func firstOf(l, r arrow.DataType, rules ...rule) (arrow.DataType, bool) {
	for _, try := range rules {
		if dt, ok := try(l, r); ok {
			return dt, true
		}
	}
	return nil, false
}

// text is the common type of two texts: a view if either is one, else large if either is.
func text(l, r arrow.DataType) (arrow.DataType, bool) {
	if !IsString(l) || !IsString(r) {
		return nil, false
	}
	either := func(id arrow.Type) bool { return l.ID() == id || r.ID() == id }
	switch {
	case either(arrow.STRING_VIEW):
		return utf8View, true
	case either(arrow.LARGE_STRING):
		return largeUtf8, true
	}
	return utf8, true
}

// nulls lets a bare NULL take the other side's type.
func nulls(l, r arrow.DataType) (arrow.DataType, bool) {
	switch {
	case IsNull(l) && CanCast(l, r):
		return r, true
	case IsNull(r) && CanCast(r, l):
		return l, true
	}
	return nil, false
}

func textNumber(l, r arrow.DataType) (arrow.DataType, bool) {
	switch {
	case IsString(l) && IsNumeric(r):
		return l, true
	case IsNumeric(l) && IsString(r):
		return r, true
	}
	return nil, false
}

func numberOfText(l, r arrow.DataType) (arrow.DataType, bool) {
	switch {
	case IsString(l) && IsNumeric(r):
		return r, true
	case IsNumeric(l) && IsString(r):
		return l, true
	}
	return nil, false
}

// textTemporal lets text be read as the other side's date, time or instant; instants are read in nanoseconds.
func textTemporal(l, r arrow.DataType) (arrow.DataType, bool) {
	if IsString(r) {
		l, r = r, l
	}
	if !IsString(l) {
		return nil, false
	}
	switch t := r.(type) {
	case *arrow.TimestampType:
		return Timestamp(arrow.Nanosecond, t.TimeZone), true
	default:
		return r, IsDate(r) || IsTime(r)
	}
}

// bytes is the common type of two byte strings, or of bytes and text.
func bytes(l, r arrow.DataType) (arrow.DataType, bool) {
	has := func(id arrow.Type) bool { return l.ID() == id || r.ID() == id }
	fixed := has(arrow.FIXED_SIZE_BINARY)
	for _, dt := range []arrow.DataType{l, r} {
		if !IsBinary(dt) && !IsString(dt) && dt.ID() != arrow.FIXED_SIZE_BINARY {
			return nil, false
		}
	}
	if !IsBinary(l) && !IsBinary(r) || fixed && (has(arrow.LARGE_BINARY) || IsString(l) || IsString(r)) {
		return nil, false
	}
	switch {
	case has(arrow.BINARY_VIEW):
		return binaryView, true
	case has(arrow.LARGE_BINARY), has(arrow.LARGE_STRING), has(arrow.STRING_VIEW):
		return largeBinary, true
	}
	return binary, true
}

// dictionaries compares by value. With keep, a dictionary and exactly its own value type stay dictionary.
func dictionaries(l, r arrow.DataType, keep bool, values rule) (arrow.DataType, bool) {
	left, lok := l.(*arrow.DictionaryType)
	right, rok := r.(*arrow.DictionaryType)
	switch {
	case lok && rok:
		return values(left.ValueType, right.ValueType)
	case lok && keep && Equal(left.ValueType, r):
		return l, true
	case rok && keep && Equal(right.ValueType, l):
		return r, true
	case lok:
		return values(left.ValueType, r)
	case rok:
		return values(l, right.ValueType)
	}
	return nil, false
}
