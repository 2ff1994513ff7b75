package coerce

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
)

// Branches is the actual type of a CASE with these THEN types, and of its ELSE if elseType is not nil. What the plan
// announces instead is the first THEN type that is not Null, else the type of ELSE, else Null.
func Branches(then []arrow.DataType, elseType arrow.DataType) (arrow.DataType, error) {
	types := then
	if elseType != nil {
		types = append([]arrow.DataType{elseType}, then...)
	}
	return foldComparison(types, "the branches of CASE have no common type: %s and %s")
}

// AnnouncedBranches is the type that the plan states for a CASE.
func AnnouncedBranches(then []arrow.DataType, elseType arrow.DataType) arrow.DataType {
	for _, dt := range then {
		if !IsNull(dt) {
			return dt
		}
	}
	if elseType != nil {
		return elseType
	}
	return null
}

// Inputs is the actual type of one column of a UNION. What the plan announces is the type of the first input.
func Inputs(types []arrow.DataType) (arrow.DataType, error) {
	return foldComparison(types, "the inputs of UNION have no common type: %s and %s")
}

// Values is the type of one column of VALUES, announced and actual. The column is always nullable.
func Values(types []arrow.DataType) (arrow.DataType, error) {
	return fold(types, func(l, r arrow.DataType) (arrow.DataType, bool) {
		switch {
		case IsNull(l):
			return r, true
		case IsNull(r):
			return l, true
		}
		return Union(l, r)
	}, "the rows of VALUES have no common type: %s and %s")
}

// Membership checks x IN (list), whose parts must compare with one another. The result is Boolean.
func Membership(x arrow.DataType, list []arrow.DataType) error {
	_, err := foldComparison(append([]arrow.DataType{x}, list...), "IN does not take %s and %s")
	return err
}

// Between checks x BETWEEN low AND high. The result is Boolean.
func Between(x, low, high arrow.DataType) error {
	fault := &Error{
		Message: fmt.Sprintf("BETWEEN does not take %s, %s and %s", Format(x), Format(low), Format(high)),
		Help:    "cast them to one type",
	}
	lower, lok := Comparison(x, low)
	upper, uok := Comparison(x, high)
	if !lok || !uok {
		return fault
	}
	common, ok := Comparison(lower, upper)
	if !ok || !CanCast(x, common) || !CanCast(low, common) || !CanCast(high, common) {
		return fault
	}
	return nil
}

// Like checks x LIKE pattern and x ILIKE pattern. The result is Boolean.
func Like(x, pattern arrow.DataType) error {
	dt, ok := firstOf(x, pattern, text, bytesAsText,
		func(l, r arrow.DataType) (arrow.DataType, bool) { return dictionaries(l, r, false, Comparison) },
		regex)
	kept := isDictionary(x) && IsString(Unwrap(x)) // DataFusion leaves it a dictionary, of Utf8 values
	if !ok || !IsString(Unwrap(dt)) || kept && Unwrap(dt).ID() != arrow.STRING {
		return &Error{
			Message: fmt.Sprintf("LIKE does not take %s and %s", Format(x), Format(pattern)),
			Help:    "cast both sides to text",
		}
	}
	return nil
}

// bytesAsText lets bytes be read as the text beside them, if that is no view.
func bytesAsText(l, r arrow.DataType) (arrow.DataType, bool) {
	if IsBinary(r) {
		l, r = r, l
	}
	return r, IsBinary(l) && IsString(r) && r.ID() != arrow.STRING_VIEW
}

func foldComparison(types []arrow.DataType, message string) (arrow.DataType, error) {
	return fold(types, Comparison, message)
}

// fold finds the common type of all types by a rule for two, and checks that each of them can be cast to it.
func fold(types []arrow.DataType, common rule, message string) (arrow.DataType, error) {
	out := types[0]
	for _, dt := range types[1:] {
		next, ok := common(out, dt)
		if !ok {
			return nil, &Error{Message: fmt.Sprintf(message, Format(out), Format(dt)), Help: "cast them to one type"}
		}
		out = next
	}
	for _, dt := range types {
		if !CanCast(dt, out) {
			return nil, &Error{Message: fmt.Sprintf(message, Format(dt), Format(out)), Help: "cast them to one type"}
		}
	}
	return out, nil
}
