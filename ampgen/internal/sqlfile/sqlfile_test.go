package sqlfile

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ampgen/ampgen/ampgen/internal/diag"
	"github.com/ampgen/ampgen/ampgen/internal/source"
	"github.com/ampgen/ampgen/ampgen/internal/sql"
)

// parse parses text and renders its faults, one a line: line:column «text» message [code] → help.
func parse(text string) ([]*Query, string) {
	var diags diag.List
	queries := Parse(source.New("q.sql", text), &diags)
	var b strings.Builder
	for _, d := range diags.Sorted() {
		p := d.Position()
		fmt.Fprintf(&b, "%d:%d «%s» %s [%s] → %s\n", p.Line, p.Column, d.Span.Text(), d.Message, d.Code, d.Help)
	}
	return queries, strings.TrimSuffix(b.String(), "\n")
}

func mustParse(t *testing.T, text string) []*Query {
	t.Helper()
	queries, faults := parse(text)
	if faults != "" {
		t.Fatalf("%s", faults)
	}
	return queries
}

func TestParse(t *testing.T) {
	queries := mustParse(t, `-- A file's own comment is nobody's.

-- ERC-20 transfers with token metadata.
--
--   indented
-- name: Erc20Transfers :stream
-- @sink postgres table=erc20_transfers
-- @sink snowflake table="My Table" uint256=binary history
-- @label tokens csv="labels/my tokens.csv" key=token_address on=token join=inner dup=fanout prefix=token_ type.decimals=int64 type.supply=decimal(76, 0)
-- @key block_num, "Log Index"
-- @col value type="Decimal256(76, 0)"
-- @col note notnull
select a -- about a; not the end
from t where b = '; -- name: X :stream' /* ; */ and c = $$;$$
  -- the end
  ;

/* a block comment is no documentation */
-- name: Second :batch
values (1);-- trailing
-- name:Third :batch mode=append
select 3
`)
	if len(queries) != 3 {
		t.Fatalf("got %d queries", len(queries))
	}
	q := queries[0]
	if q.Name.Text != "Erc20Transfers" || q.Name.Span.Position().String() != "q.sql:6:10" || q.Mode != Stream {
		t.Errorf("name %q at %s, mode %s", q.Name.Text, q.Name.Span.Position(), q.Mode)
	}
	if diff := cmp.Diff([]string{"ERC-20 transfers with token metadata.", "", "  indented"}, q.Doc); diff != "" {
		t.Error(diff)
	}
	if want := "select a -- about a; not the end\nfrom t where b = '; -- name: X :stream' /* ; */ and c = $$;$$"; q.SQL != want || q.Span.Text() != want {
		t.Errorf("the statement is %q", q.SQL)
	}
	var got []string
	for _, s := range q.Sinks {
		got = append(got, fmt.Sprint(s.Kind.Text, " ", s.Table.Text, " ", s.Uint256.Text, " ", s.History))
	}
	for _, l := range q.Labels {
		got = append(got, fmt.Sprint(l.Name.Text, " ", l.CSV.Text, " ", l.Key.Text, " ", l.On.Text, " ", l.Join, " ", l.Dup, " ", l.Prefix.Text))
		for _, ty := range l.Types {
			got = append(got, fmt.Sprint(ty.Column.Text, " ", ty.Type, " ", ty.Span.Text()))
		}
	}
	for _, k := range q.Key {
		got = append(got, "key "+k.Text+" at "+k.Span.Position().String())
	}
	for _, c := range q.Columns {
		got = append(got, fmt.Sprintf("col %s %q %v", c.Name.Text, c.Type.Text, c.NotNull))
	}
	want := []string{
		"postgres erc20_transfers  false",
		"snowflake My Table binary true",
		"tokens labels/my tokens.csv token_address token inner fanout token_",
		"decimals int64 int64",
		"supply decimal256(76, 0) decimal(76, 0)",
		"key block_num at q.sql:10:9",
		"key Log Index at q.sql:10:20",
		`col value "Decimal256(76, 0)" false`,
		`col note "" true`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if q := queries[1]; q.Name.Text != "Second" || q.Mode != Replace || q.SQL != "values (1)" || q.Doc != nil {
		t.Errorf("second: %+v", q)
	}
	if q := queries[2]; q.Name.Text != "Third" || q.Mode != Append || q.SQL != "select 3" || q.Doc != nil {
		t.Errorf("third: %+v", q)
	}
}

func TestLabelDefaults(t *testing.T) {
	q := mustParse(t, "-- name: A :stream\n-- @label l csv=a.csv key=k on=o\nselect 1")[0]
	if l := q.Labels[0]; l.Join != "left" || l.Dup != "" || l.Prefix.Text != "" || l.Types != nil {
		t.Errorf("%+v", l)
	}
}

func TestWindowsLineEnds(t *testing.T) {
	q := mustParse(t, "-- Doc.\r\n-- name: A :stream\r\n-- @sink duckdb table=t\r\nselect 1\r\nfrom t;\r\n")[0]
	if q.Name.Text != "A" || q.Sinks[0].Table.Text != "t" || q.SQL != "select 1\r\nfrom t" || cmp.Diff(q.Doc, []string{"Doc."}) != "" {
		t.Errorf("%+v", q)
	}
}

func TestNothing(t *testing.T) {
	for _, text := range []string{"", ";;", "-- a comment\n;\n/* another */\n", "\n\n"} {
		if queries := mustParse(t, text); queries != nil {
			t.Errorf("%q has queries", text)
		}
	}
}

func TestLabelTypes(t *testing.T) {
	tests := []struct{ text, want string }{
		{"boolean", "bool"}, {"int64", "int64"}, {"uint64", "uint64"}, {"timestamp", "timestamp[us, tz=UTC]"}, {"text", "utf8"},
		{"decimal(1,0)", "decimal(1, 0)"}, {"decimal(38,18)", "decimal(38, 18)"}, {"decimal(39, 0)", "decimal256(39, 0)"},
		{"bytes(20)", "fixed_size_binary[20]"},
	}
	for _, tt := range tests {
		dt, help := labelType(tt.text)
		if dt == nil || dt.String() != tt.want {
			t.Errorf("%s: got %v (%s), want %s", tt.text, dt, help, tt.want)
		}
	}
	for text, want := range map[string]string{
		"decimal":       "write decimal(38,0): a precision from 1 to 76 and a scale not above it",
		"decimal(77,0)": "write decimal(38,0): a precision from 1 to 76 and a scale not above it",
		"decimal(5,6)":  "write decimal(38,0): a precision from 1 to 76 and a scale not above it",
		"decimal(5)":    "write decimal(38,0): a precision from 1 to 76 and a scale not above it",
		"bytes(0)":      "write bytes(20): a length from 1 to 65536",
		"bytes(-1)":     "write bytes(20): a length from 1 to 65536",
		"bytes":         "write bytes(20): a length from 1 to 65536",
		"uint46":        "did you mean uint64?",
		"varchar":       "the types are boolean, int64, uint64, decimal(p,s), bytes(n), timestamp, text",
	} {
		if dt, help := labelType(text); dt != nil || help != want {
			t.Errorf("%s: got %v, %q", text, dt, help)
		}
	}
}

// Names, modes and annotations with a fault, each above `select 1`.
func TestFaults(t *testing.T) {
	tests := []struct{ block, want string }{
		{"", "1:1 «select» the statement has no name [AMP042] → add a line above it: -- name: MyQuery :stream"},
		{"-- just words", "2:1 «select» the statement has no name [AMP042] → add a line above it: -- name: MyQuery :stream"},
		{"-- name: A :stream\n", "1:4 «name:» name: belongs to no statement [AMP040] → move it into the lines of comment directly above a statement, " +
			"without a blank line between\n3:1 «select» the statement has no name [AMP042] → add a line above it: -- name: MyQuery :stream"},
		{"-- name: A :stream\n-- name: B :stream", "2:4 «name: B :stream» the statement has two names [AMP040] → put a semicolon between two statements, and one name above each"},
		{"-- name:", "1:4 «name:» name: is not followed by a name [AMP040] → write -- name: MyQuery :stream"},
		{"-- name: :stream", "1:4 «name: :stream» name: is not followed by a name [AMP040] → write -- name: MyQuery :stream"},
		{"-- name: A", "1:4 «name: A» the query has no mode [AMP040] → write -- name: A :stream, or :batch"},
		{"-- name: A stream", "1:4 «name: A stream» the query has no mode [AMP040] → write -- name: A :stream, or :batch"},
		{"-- name: A :steam", "1:12 «:steam» unknown mode :steam [AMP040] → did you mean :stream?"},
		{"-- name: A :many", "1:12 «:many» unknown mode :many [AMP040] → write :stream or :batch"},
		{"-- name: 2A :stream", "1:10 «2A» \"2A\" cannot be the name of a query [AMP040] → begin with a letter from a to z and go on with letters, digits and _"},
		{"-- name: " + strings.Repeat("A", 101) + " :stream", "1:10 «" + strings.Repeat("A", 101) + "» the query's name has 101 letters, and 100 are the most [AMP040] → files are named after it; describe the query in the comment instead"},
		{"-- name: my-query :stream", "1:10 «my-query» \"my-query\" cannot be the name of a query [AMP040] → begin with a letter from a to z and go on with letters, digits and _"},
		{"-- name: A :stream mode=append", "1:25 «append» mode= goes with :batch only [AMP040] → delete it, or write :batch"},
		{"-- name: A :batch mode=apend", "1:24 «apend» unknown value \"apend\" of mode [AMP040] → did you mean append?"},
		{"-- name: A :batch mod=append", "1:19 «mod» unknown \"mod=\" in name: [AMP040] → did you mean mode=?"},
		{"-- nam: A :stream", "1:4 «nam:» unknown annotation nam: [AMP040] → did you mean name:?"},
		{"-- Name: A :batch", "1:4 «Name:» unknown annotation Name: [AMP040] → did you mean name:?"},
		{"-- name: A :stream\n-- @snik postgres table=t", "2:4 «@snik» unknown annotation @snik [AMP040] → did you mean @sink?"},
		{"-- name: A :stream\n-- @author me", "2:4 «@author» unknown annotation @author [AMP040] → the annotations are name:, @sink, @label, @key, @col"},
		{"-- name: A :stream\n-- @sink", "2:4 «@sink» @sink needs a sink [AMP040] → write @sink postgres table=name"},
		{"-- name: A :stream\n-- @sink postgres", "2:4 «@sink postgres» @sink needs table= [AMP040] → add table=name"},
		{"-- name: A :stream\n-- @sink postgres table=", "2:19 «table=» table has no value [AMP040] → write table=value"},
		{"-- name: A :stream\n-- @sink postgres tabel=t", "2:19 «tabel» unknown \"tabel=\" in @sink [AMP040] → did you mean table=?"},
		{"-- name: A :stream\n-- @sink postgres table=t histroy", "2:27 «histroy» unknown \"histroy\" in @sink [AMP040] → did you mean history?"},
		{"-- name: A :stream\n-- @sink postgres table=t history history", "2:35 «history» history is given twice in @sink [AMP040] → delete one of them"},
		{"-- name: A :stream\n-- @sink postgres table=t table=u", "2:27 «table» table is given twice in @sink [AMP040] → delete one of them"},
		{"-- name: A :stream\n-- @sink postgres table=\"t", "2:25 «\"» unterminated quote in @sink [AMP040] → close it with \""},
		{"-- name: A :stream\n-- @label l csv=a key=b on", "2:25 «on» on has no value [AMP040] → write on=value"},
		{"-- name: A :stream\n-- @label l csv=a", "2:4 «@label l csv=a» @label needs key= [AMP040] → add key=column\n2:4 «@label l csv=a» @label needs on= [AMP040] → add on=column"},
		{"-- name: A :stream\n-- @label csv=a", "2:4 «@label csv=a» @label needs a name [AMP040] → write @label tokens csv=path key=column on=column"},
		{"-- name: A :stream\n-- @label l csv=a key=b on=c jion=left", "2:30 «jion» unknown \"jion=\" in @label [AMP040] → did you mean join=?"},
		{"-- name: A :stream\n-- @label l csv=a key=b on=c join=outer", "2:35 «outer» unknown value \"outer\" of join [AMP040] → write one of left, inner"},
		{"-- name: A :stream\n-- @label l csv=a key=b on=c dup=frist", "2:34 «frist» unknown value \"frist\" of dup [AMP040] → did you mean first?"},
		{"-- name: A :stream\n-- @label l csv=a key=b on=c type.d=int46", "2:37 «int46» unknown type \"int46\" of a label column [AMP040] → did you mean int64?"},
		{"-- name: A :stream\n-- @label l csv=a key=b on=c type.d=text type.d=text", "2:42 «type.d» type.d is given twice in @label [AMP040] → delete one of them"},
		{"-- name: A :stream\n-- @label l csv=a key=b on=c type.=text", "2:30 «type.» type. is not followed by a column [AMP040] → write type.column=text"},
		{"-- name: A :stream\n-- @label my-l csv=a key=b on=c", "2:11 «my-l» \"my-l\" cannot be the name of a label [AMP040] → begin with a letter from a to z and go on with letters, digits and _"},
		{"-- name: A :stream\n-- @label l csv=a key=b on=c\n-- @label l csv=d key=b on=c", "3:11 «l» label l is given twice [AMP040] → give one of them another name"},
		{"-- name: A :stream\n-- @key", "2:4 «@key» @key has an empty column name [AMP040] → write @key block_num, log_index"},
		{"-- name: A :stream\n-- @key a,", "2:4 «@key a,» @key has an empty column name [AMP040] → write @key block_num, log_index"},
		{"-- name: A :stream\n-- @key a b", "2:9 «a b» \"a b\" is not a column name [AMP040] → put a comma between the columns"},
		{"-- name: A :stream\n-- @key a, b, a", "2:15 «a» @key names a twice [AMP040] → delete one of them"},
		{"-- name: A :stream\n-- @key a\n-- @key b", "3:4 «@key» @key is given twice [AMP040] → list all columns in one @key"},
		{"-- name: A :stream\n-- @col", "2:4 «@col» @col needs a column [AMP040] → write @col name notnull"},
		{"-- name: A :stream\n-- @col a", "2:4 «@col a» @col says nothing about a [AMP040] → add type=… or notnull"},
		{"-- name: A :stream\n-- @col a notnul", "2:11 «notnul» unknown \"notnul\" in @col [AMP040] → did you mean notnull?"},
		{"-- name: A :stream\n-- @col a notnull\n-- @col a type=Utf8", "3:9 «a» column a has two @col [AMP040] → put both into one @col"},
		{"\ufeff-- name: A :stream", "1:1 «\ufeff» the file begins with a byte order mark [AMP011] → save it as UTF-8 without one"},
		{"-- name: A :stream\n/* here */", "1:4 «name:» name: belongs to no statement [AMP040] → move it into the lines of comment directly above a statement, " +
			"without a blank line between\n3:1 «select» the statement has no name [AMP042] → add a line above it: -- name: MyQuery :stream"},
		{"-- name: A :stream\nselect 'open;\n-- name: B :stream", "2:8 «'» unterminated string [AMP010] → close it with '"},
	}
	for _, tt := range tests {
		text := tt.block + "\nselect 1"
		if tt.block == "" {
			text = "select 1"
		}
		if _, got := parse(text); got != tt.want {
			t.Errorf("%s\n got %s\nwant %s", tt.block, got, tt.want)
		}
	}
}

func TestStrayAnnotations(t *testing.T) {
	const help = " → move it into the lines of comment directly above a statement, without a blank line between"
	queries, got := parse("-- @sink postgres table=a\n\n-- name: A :stream\nselect 1,\n-- @key a\n2;\n-- @author is prose here\n-- @col a notnull\n")
	want := "1:4 «@sink» @sink belongs to no statement [AMP040]" + help + "\n5:4 «@key» @key belongs to no statement [AMP040]" + help +
		"\n8:4 «@col» @col belongs to no statement [AMP040]" + help
	if got != want || len(queries) != 1 {
		t.Errorf("%d queries\n got %s\nwant %s", len(queries), got, want)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("-- doc\n-- name: A :batch mode=append\n-- @sink duckdb table=\"t t\" history\n-- @key a, \"b\"\nselect ';' -- ;\n;\n-- name: B :stream\nfrom t")
	f.Add("-- name: A :stream\n-- @label l csv=a key=b on=c join=inner dup=first prefix=p type.x=decimal(3,2)\n-- @col c type=\"List(Utf8)\" notnull\nselect 1")
	f.Add("-- name: \"\n-- @sink (((\n-- @key ,,\"\n-- @label l type.=\n-- @col = \r\n$a$")
	f.Fuzz(func(t *testing.T, text string) {
		var diags diag.List
		file := source.New("fuzz.sql", text)
		queries := Parse(file, &diags)
		for _, d := range diags.Sorted() {
			if d.Span.File != file || d.Span.Start < 0 || d.Span.End > len(text) || d.Span.Start > d.Span.End {
				t.Fatalf("%q is at [%d, %d) of %d", d.Message, d.Span.Start, d.Span.End, len(text))
			}
		}
		end := 0
		for _, q := range queries {
			if q.Name.Text == "" || q.SQL == "" || q.SQL != q.Span.Text() || q.Span.Start < end {
				t.Fatalf("query %q at [%d, %d): %q", q.Name.Text, q.Span.Start, q.Span.End, q.SQL)
			}
			end = q.Span.End
			tokens, ok := sql.Lex(file, q.Span.Start, q.Span.End, &diags)
			if !ok || tokens[0].Start != q.Span.Start || tokens[0].Kind == sql.Comment || tokens[len(tokens)-2].End != q.Span.End {
				t.Fatalf("the statement %q does not begin and end with its tokens", q.SQL)
			}
		}
	})
}
