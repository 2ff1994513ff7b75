package snowflake

import (
	"slices"
	"strings"
	"testing"

	"github.com/ampgen/ampgen/runtime"
	"github.com/ampgen/ampgen/runtime/coverage"
	"github.com/ampgen/ampgen/sinks/snowflake/ddl"
	"github.com/ampgen/ampgen/sinks/snowflake/snowtest"
)

// pythonState is the state table of the Python loader, with a streamed range and a partition loaded by block numbers, whose hash is
// made of these.
var pythonState = []string{
	`CREATE TABLE amp_stream_state (connection_name VARCHAR(255) NOT NULL, table_name VARCHAR(255) NOT NULL, network VARCHAR(100) NOT NULL,
		batch_id VARCHAR(16) NOT NULL, start_block BIGINT NOT NULL, end_block BIGINT NOT NULL, end_hash VARCHAR(66), start_parent_hash VARCHAR(66),
		processed_at TIMESTAMP_NTZ NOT NULL DEFAULT CURRENT_TIMESTAMP(), PRIMARY KEY (connection_name, table_name, network, batch_id))`,
	`CREATE TABLE transfers (block_num NUMBER(38,0), log_index NUMBER(38,0), value VARCHAR, _amp_batch_id VARCHAR, _amp_block_ranges VARCHAR)`,
	`INSERT INTO amp_stream_state (connection_name, table_name, network, batch_id, start_block, end_block, end_hash, start_parent_hash)
		VALUES ('Transfers', 'transfers', 'eth', 'f1f1f1f1f1f1f1f1', 20, 29, '0xh29', '0xh19')`,
}

// What the Python loader left is read before its table has this loader's columns, and goes on to be its table afterwards.
func TestStateOfThePythonLoader(t *testing.T) {
	t.Parallel()
	server := snowtest.Start(t)
	for _, statement := range pythonState {
		cells(t, server, statement)
	}
	unproven := span(0, 9, "")
	cells(t, server, `INSERT INTO amp_stream_state (connection_name, table_name, network, batch_id, start_block, end_block, end_hash, start_parent_hash)
		VALUES ('Transfers', 'transfers', 'eth', '`+unproven.ID()+`', 0, 9, '`+unproven.StoredHash()+`', NULL)`)
	table := transfers()
	s := openSink(t, configOf(t, server))
	defer s.Close()
	streamed := runtime.Range{Network: "eth", Start: 20, End: 29, Hash: "0xh29", PrevHash: "0xh19"}
	want := []runtime.Range{unproven, streamed}
	for _, prepared := range []bool{false, true} {
		if prepared {
			if err := s.Prepare(t.Context(), table); err != nil {
				t.Fatal(err)
			}
		}
		state, err := s.State(t.Context(), table)
		if err != nil || !slices.Equal(state.Ranges, want) {
			t.Errorf("prepared %v: the state is %v, %v; want %v", prepared, state.Ranges, err, want)
		}
	}
	if err := load(t.Context(), s, unit(runtime.Range{Network: "eth", Start: 30, End: 31, Hash: "0xh31", PrevHash: "0xh29", Timestamp: 7})); err != nil {
		t.Fatal(err)
	}
	got := cells(t, server, `SELECT connection_name, table_name, network, batch_id, start_block, end_block, end_hash, start_parent_hash, end_timestamp, units
		FROM amp_stream_state WHERE start_block >= 20 ORDER BY start_block`)
	r := runtime.Range{Network: "eth", Start: 30, End: 31, Hash: "0xh31", PrevHash: "0xh29"}
	if want := "Transfers,transfers,eth,f1f1f1f1f1f1f1f1,20,29,0xh29,0xh19,NULL,NULL\nTransfers,transfers,eth," + r.ID() + ",30,31,0xh31,0xh29,7,1"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// Another spelling of a table's name finds neither its state nor its fence, and would load all of it a second time.
func TestOtherSpellingOfATable(t *testing.T) {
	t.Parallel()
	server := snowtest.Start(t)
	config := configOf(t, server)
	first := prepared(t, config, transfers())
	full := first.table.name.Database + "." + first.table.name.Schema + ".transfers"
	for _, statement := range []string{"", "DELETE FROM AMP_STREAM_FENCE"} { // the fence has it at first, then the state
		if statement != "" {
			if err := load(t.Context(), first, unit(span(0, 9, "h9"))); err != nil {
				t.Fatal(err)
			}
			cells(t, server, statement)
		}
		for _, name := range []string{"Transfers", "TRANSFERS", full} {
			s, table := openSink(t, config), transfers()
			table.Name = name
			err := s.Prepare(t.Context(), table)
			if err == nil || runtime.ClassOf(err) != runtime.Permanent || !strings.Contains(err.Error(), `has this table as "transfers"`) {
				t.Errorf("%s: got %v", name, err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	other := transfers()
	other.Name = "transfers2"
	prepared(t, config, other)
	prepared(t, config, transfers())
}

// Where everything exists, nothing is created: a role without the right to create is enough.
func TestPrepareCreatesNothingTwice(t *testing.T) {
	t.Parallel()
	server := snowtest.Start(t)
	table := transfers()
	table.Name, table.History, table.Key = "analytics.transfers", true, nil
	text, err := NewDriver("").DDL(table)
	if err != nil {
		t.Fatal(err)
	}
	for statement := range strings.SplitSeq(text, ";\n") {
		if strings.TrimSpace(statement) != "" {
			cells(t, server, statement)
		}
	}
	s := prepared(t, configOf(t, server), table)
	if err := load(t.Context(), s, unit(span(0, 9, "h9"))); err != nil {
		t.Fatal(err)
	}
	for _, s := range server.Statements() {
		if word, _, _ := strings.Cut(s.SQL, " "); word == "CREATE" || word == "ALTER" {
			t.Errorf("the loader sent %s", s.SQL)
		}
	}
}

// Every statement of a unit says of which pipeline and blocks it is, and the statements are those that the plan shows.
func TestStatementsOfAUnit(t *testing.T) {
	t.Parallel()
	server := snowtest.Start(t)
	table := transfers()
	s := prepared(t, configOf(t, server), table)
	before := len(server.Statements())
	if err := load(t.Context(), s, unit(span(0, 9, "h9"))); err != nil {
		t.Fatal(err)
	}
	var words []string
	for _, s := range server.Statements()[before:] {
		words = append(words, strings.Fields(s.SQL)[0])
		if !strings.HasPrefix(s.Tag, "ampgen pipeline=Transfers range=") {
			t.Errorf("%s is tagged %q", s.SQL, s.Tag)
		}
	}
	if got, want := strings.Join(words, " "), "PUT BEGIN COPY SELECT UPDATE SELECT INSERT COMMIT REMOVE"; got != want {
		t.Errorf("the statements are %s, want %s", got, want)
	}
	plan, err := s.Explain(t.Context(), table, runtime.Estimate{Rows: 1e6, Bytes: 300 << 20, Units: 2})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"files of 128 MiB, compressed", "314.6 MB of Arrow data in 2 commits are at most 4 files", "PUT 'file://",
		`COPY INTO "TEST_DB"."PUBLIC"."TRANSFERS" FROM @"TEST_DB"."PUBLIC"."AMP_STAGE"/Transfers/TRANSFERS/`, "COMMIT\n"} {
		if !strings.Contains(plan, want) {
			t.Errorf("no %q in the plan:\n%s", want, plan)
		}
	}
}

// Commits of two instances take turns, and who starts last is the only one who commits, also if both start at the same time.
func TestTwoInstancesAtOnce(t *testing.T) {
	t.Parallel()
	server := snowtest.Start(t)
	config := configOf(t, server)
	const instances = 4
	sinks := make([]*Sink, instances)
	done := make(chan error, instances)
	for i := range sinks {
		sinks[i] = openSink(t, config)
		defer sinks[i].Close()
		go func() { done <- sinks[i].Prepare(t.Context(), transfers()) }()
	}
	for range sinks {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	committed := 0
	for i, s := range sinks {
		err := load(t.Context(), s, unit(span(uint64(10*i), uint64(10*i+9), "h")))
		if err == nil {
			committed++
		} else if runtime.ClassOf(err) != runtime.Fenced {
			t.Error(err)
		}
	}
	if committed != 1 {
		t.Errorf("%d of %d instances could commit", committed, instances)
	}
}

// More rows of the state than one statement takes are changed by several.
func TestReplaceForgetsEverything(t *testing.T) {
	t.Parallel()
	server := snowtest.Start(t)
	table := transfers()
	table.Block, table.Key = "", nil
	s := prepared(t, configOf(t, server), table)
	err := s.pool.transact(t.Context(), "fill", "the state", func(c *session) error {
		var rows []runtime.Range
		for n := range uint64(stateChunk + 10) {
			rows = append(rows, span(2*n, 2*n, ""))
		}
		return s.table.change(t.Context(), c, coverage.Change{Add: coverage.RowsOf(rows)})
	})
	if err != nil {
		t.Fatal(err)
	}
	u := unit(span(0, 9999, ""))
	u.Replace = true
	if err := load(t.Context(), s, u); err != nil {
		t.Fatal(err)
	}
	if got := cells(t, server, "SELECT COUNT(*), MAX(END_BLOCK) FROM AMP_STREAM_STATE"); got != "1,9999" {
		t.Errorf("ranges and last block of the state are %s", got)
	}
}

func TestLogicalKeyIsTheRuntimes(t *testing.T) {
	for u, want := range map[ddl.Uint256]string{"": "VARCHAR", ddl.Uint256Text: "VARCHAR", ddl.Uint256Binary: "BINARY(32)", ddl.Uint256Number: "NUMBER(38,0)"} {
		if typ, err := ddl.ColumnType(transferSchema.Field(2), u); err != nil || typ != want {
			t.Errorf("a field marked under %s is %s by %q, %v", runtime.LogicalKey, typ, u, err)
		}
	}
}
