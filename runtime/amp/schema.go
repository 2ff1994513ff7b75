package amp

import (
	"fmt"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
)

// Differences lists how the schema got differs from want by names, order, types and nullability, one line each; it is empty
// if they agree. The metadata of schemas and fields takes no part. The words fit a comparison of what was compiled (want) with
// what a server announces (got).
func Differences(want, got *arrow.Schema) []string {
	var out []string
	for i, w := range want.Fields() {
		at := got.FieldIndices(w.Name)
		switch {
		case len(at) == 0:
			out = append(out, fmt.Sprintf("column %q (%s) is missing", w.Name, describe(w)))
			continue
		case len(at) > 1:
			out = append(out, fmt.Sprintf("column %q occurs %d times", w.Name, len(at)))
			continue
		case at[0] != i && got.NumFields() == want.NumFields():
			out = append(out, fmt.Sprintf("column %q is number %d, not %d", w.Name, at[0]+1, i+1))
		}
		if g := got.Field(at[0]); !arrow.TypeEqual(w.Type, g.Type) || w.Nullable != g.Nullable {
			out = append(out, fmt.Sprintf("column %q is %s, not %s", w.Name, describe(g), describe(w)))
		}
	}
	for _, g := range got.Fields() {
		if !slices.ContainsFunc(want.Fields(), func(w arrow.Field) bool { return w.Name == g.Name }) {
			out = append(out, fmt.Sprintf("column %q (%s) is not expected", g.Name, describe(g)))
		}
	}
	return out
}

func describe(f arrow.Field) string {
	if f.Nullable {
		return f.Type.String() + " nullable"
	}
	return f.Type.String() + " not null"
}
