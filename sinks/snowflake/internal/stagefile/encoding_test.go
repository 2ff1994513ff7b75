package stagefile

import (
	"fmt"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

func TestWhichColumnsHaveADictionary(t *testing.T) {
	const rows = 6000
	for _, c := range []struct {
		name string
		at   func(i int) string // "" is null
		want bool
	}{
		{"few values in no order", func(i int) string { return fmt.Sprint(i * i % 7) }, true},
		{"few values and nulls", func(i int) string { return []string{"", "a", "", "b", ""}[i%5] }, true},
		{"as many values as rows", func(i int) string { return fmt.Sprint(i) }, false},
		{"long runs", func(i int) string { return fmt.Sprint(i / 100) }, false},
		{"nulls alone", func(int) string { return "" }, false},
	} {
		b := array.NewStringBuilder(memory.DefaultAllocator)
		for i := range rows {
			if v := c.at(i); v == "" {
				b.AppendNull()
			} else {
				b.Append(v)
			}
		}
		a := b.NewArray()
		if got := repeats(a); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
		if few := array.NewSlice(a, 0, 10); repeats(few) {
			t.Errorf("%s: ten rows say nothing", c.name)
		}
	}
}
