package infer

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ampgen/ampgen/ampgen/internal/catalog"
	"github.com/ampgen/ampgen/ampgen/internal/coerce"
	"github.com/ampgen/ampgen/ampgen/internal/diag"
	"github.com/ampgen/ampgen/ampgen/internal/source"
	"github.com/ampgen/ampgen/ampgen/internal/sql"
)

var updateTables = flag.Bool("update-tables", false, "write testdata/tables.json, the input of testdata/oracle.py")

// oracleAnswer is what DataFusion says of a query.
type oracleAnswer struct {
	SQL       string `json:"sql"`
	Announced []struct {
		Name     string `json:"name"`
		Type     string `json:"type"`
		Nullable bool   `json:"nullable"`
	} `json:"announced"`
	Actual   []string `json:"actual"`    // types of the data; empty if there was no row
	Error    string   `json:"error"`     // it does not plan
	RunError string   `json:"run_error"` // it plans and does not run
}

// looser are the queries that fail to run for a value, which inference does not look at.
var looser = map[string]bool{
	"select a from (values (1), ('x')) t(a)": true, // 'x' is no number
}

// stricter are the queries that run and are refused all the same, with the reason.
var stricter = map[string]string{
	"select substr(str => value, start_pos => 2) as a from eth_rpc.transactions": "the parser takes the special form only",
}

// Every query of the corpus is inferred as DataFusion plans it: the same columns, types and announced nullability, refused
// where DataFusion refuses, and refused where the data have another type than the announcement.
func TestAgainstDataFusion(t *testing.T) {
	data, err := os.ReadFile("testdata/oracle.json")
	if err != nil {
		t.Fatal(err)
	}
	var answers []oracleAnswer
	if err := json.Unmarshal(data, &answers); err != nil {
		t.Fatal(err)
	}
	if len(answers) < 200 {
		t.Fatalf("the oracle has %d answers", len(answers))
	}
	for _, want := range answers {
		t.Run(want.SQL, func(t *testing.T) { compareWithOracle(t, want) })
	}
}

func compareWithOracle(t *testing.T, want oracleAnswer) {
	var diags diag.List
	res := inferText(want.SQL, Options{}, &diags)
	faults := diags.Sorted()
	if want.Error != "" || want.RunError != "" {
		if res != nil && !looser[want.SQL] {
			t.Fatalf("accepted; DataFusion says: %s%s", want.Error, want.RunError)
		}
		return
	}
	differ := false
	for i, a := range want.Actual {
		differ = differ || a != want.Announced[i].Type
	}
	if differ {
		if len(faults) == 0 || faults[0].Code != diag.AnnouncedType {
			t.Fatalf("announced and actual types differ (%v), got %v", want.Actual, faults)
		}
		return
	}
	if reason, ok := stricter[want.SQL]; ok {
		if res != nil {
			t.Fatalf("accepted, although %s", reason)
		}
		return
	}
	if res == nil {
		t.Fatalf("refused: %v", faults)
	}
	var got, expected []string
	for _, c := range res.Columns {
		got = append(got, column3(c.Announced.Name, coerce.Format(c.Announced.Type), c.Announced.Nullable))
	}
	for _, f := range want.Announced {
		expected = append(expected, column3(f.Name, f.Type, f.Nullable))
	}
	if strings.Join(got, "\n") != strings.Join(expected, "\n") {
		t.Fatalf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(expected, "\n"))
	}
}

func column3(name, typ string, nullable bool) string {
	if nullable {
		return name + " " + typ
	}
	return name + " " + typ + " not null"
}

// inferText parses and infers one statement over the conventional datasets.
func inferText(text string, opts Options, diags *diag.List) *Result {
	file := source.New("q.sql", text)
	q := sql.Parse(file, 0, len(text), diags)
	if q == nil {
		return nil
	}
	return Query(q, testCatalog, opts, diags)
}

var testCatalog = catalog.New(nil, ".", new(diag.List))

func TestWriteTables(t *testing.T) {
	if !*updateTables {
		t.Skip("only with -update-tables")
	}
	out := map[string]map[string]json.RawMessage{}
	for _, name := range []string{"eth_firehose", "eth_rpc", "solana"} {
		out[name] = map[string]json.RawMessage{}
		for _, table := range catalog.Conventional(name).Tables {
			fields, err := catalog.MarshalFields(table.Schema.Fields())
			if err != nil {
				t.Fatal(err)
			}
			out[name][table.Name] = fields
		}
	}
	data, err := json.Marshal(out)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join("testdata", "tables.json"), append(data, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Fatal("tables.json was written")
}
