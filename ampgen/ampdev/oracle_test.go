package ampdev

import (
	"encoding/hex"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// refused are the expressions of the corpus that the server does not answer, since DuckDB would answer them otherwise or not
// at all.
var refused = []string{
	"log(100.0)", "log(2.0, 8.0)",
	"(select avg(a) from " + oracleRows + ")", "(select mean(a) from " + oracleRows + ")", "(select sum(a) / count(a) from " + oracleRows + ")",
}

const oracleRows = "(values (1, 'x'), (2, 'y'), (4, 'y'), (null, 'z')) v(a, b)"

// The server answers as DataFusion 52.3 does, or refuses. The answers were recorded by testdata/oracle.py.
func TestAgreesWithDataFusion(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("testdata", "oracle.json"))
	if err != nil {
		t.Fatal(err)
	}
	var oracle map[string]struct {
		Value any
		Error string
	}
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	decoder.UseNumber()
	if err := decoder.Decode(&oracle); err != nil {
		t.Fatal(err)
	}
	delete(oracle, "9223372036854775807 + 1") // wraps around there and fails here
	_, c := startServer(t, Config{})
	var notServed []string
	for expression, want := range oracle {
		q := call{sql: "select " + expression + " as x"}
		if _, err := c.info(q); err != nil {
			if want.Error == "" {
				notServed = append(notServed, expression)
			}
			continue
		}
		got, err := evaluate(c, q)
		switch {
		case err != nil && want.Error == "":
			t.Errorf("%s fails: %v, want %v", expression, err, want.Value)
		case err == nil && want.Error != "":
			t.Errorf("%s is %v, want an error", expression, got)
		case err == nil && !sameValue(got, want.Value):
			t.Errorf("%s is %v, want %v", expression, got, want.Value)
		}
	}
	slices.Sort(notServed)
	slices.Sort(refused)
	if !slices.Equal(notServed, refused) {
		t.Errorf("not served are\n%q\nwant\n%q", notServed, refused)
	}
}

func evaluate(c *testClient, q call) (any, error) {
	a := c.open(q)
	for {
		m, err := a.next()
		if err != nil {
			return nil, err
		}
		if m.rows == 1 {
			return plainValue(m.batch.Column(0), 0), nil
		}
	}
}

// plainValue is a value as the oracle writes it.
func plainValue(column arrow.Array, i int) any {
	if column.IsNull(i) {
		return nil
	}
	switch c := column.(type) {
	case *array.Boolean:
		return c.Value(i)
	case *array.Float64:
		return c.Value(i)
	case *array.Binary:
		return hex.EncodeToString(c.Value(i))
	case *array.Timestamp:
		return strconv.FormatInt(int64(c.Value(i)), 10)
	case *array.List:
		start, end := c.ValueOffsets(i)
		out := []any{}
		for j := start; j < end; j++ {
			out = append(out, plainValue(c.ListValues(), int(j)))
		}
		return out
	}
	return column.ValueStr(i)
}

func sameValue(got, want any) bool {
	switch want := want.(type) {
	case json.Number:
		if f, ok := got.(float64); ok {
			w, _ := want.Float64()
			return math.Abs(f-w) <= 1e-12*math.Abs(w)
		}
		return got == want.String()
	case []any:
		list, ok := got.([]any)
		return ok && slices.EqualFunc(list, want, sameValue)
	case string:
		if f, ok := got.(float64); ok {
			w, err := strconv.ParseFloat(want, 64)
			return err == nil && (f == w || f != f && w != w)
		}
		text, ok := got.(string)
		return ok && sameDecimal(text, want)
	}
	return got == want
}

// sameDecimal compares text, but for the zeros that end a decimal fraction.
func sameDecimal(a, b string) bool {
	trim := func(s string) string {
		if _, err := strconv.ParseFloat(s, 64); err == nil && strings.Contains(s, ".") {
			return strings.TrimRight(strings.TrimRight(s, "0"), ".")
		}
		return s
	}
	return a == b || trim(a) == trim(b)
}
