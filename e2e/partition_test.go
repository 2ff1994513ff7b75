package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/google/go-cmp/cmp"

	"github.com/ampgen/ampgen/ampgen/ampdev"
	"github.com/ampgen/ampgen/runtime"
	"github.com/ampgen/ampgen/runtime/amp"
)

// Queries that a filter by block must not change. Rewriting their text by pattern would: there are keywords in literals, comments
// and names, conditions that AND does not bind to, and filters that would land inside of something.
var partitionable = map[string]string{
	"plain":                `select block_num, log_index, address from eth_rpc.logs`,
	"or in where":          `select block_num, log_index, address from eth_rpc.logs where log_index = 1 or tx_index = 2 or log_index = 7`,
	"lower case":           `select block_num, log_index from eth_rpc.logs where log_index < 9 and tx_index < 5`,
	"newlines everywhere":  "select block_num\n, log_index\nfrom\neth_rpc.logs\nwhere\nlog_index\n<\n9",
	"keywords in literals": `select block_num, log_index, 'x WHERE y LIMIT 5 SETTINGS stream = true' as note from eth_rpc.logs where 'a GROUP BY b' <> ' ORDER BY '`,
	"quotes in literals":   `select block_num, log_index, 'it''s -- no comment' as note from eth_rpc.logs where log_index < 5`,
	"keywords in comments": "select block_num, /* WHERE LIMIT 1 */ log_index -- ORDER BY 1 LIMIT 2\nfrom eth_rpc.logs /* SETTINGS stream = true */ where log_index < 9",
	"keywords in names":    `select block_num, log_index as "limit", tx_index as "where x" from eth_rpc.logs`,
	"trailing comment":     "select block_num, log_index from eth_rpc.logs where log_index < 9 -- the end",
	"trailing block":       "select block_num, log_index from eth_rpc.logs where log_index < 9 /* the end */",
	"semicolon":            `select block_num, log_index from eth_rpc.logs where log_index < 9 ;`,
	"semicolon, comment":   "select block_num, log_index from eth_rpc.logs; -- the end",
	"union all": `select block_num, log_index, address from eth_rpc.logs where log_index = 0
		union all select block_num, log_index, address from eth_rpc.logs where log_index = 1 or log_index = 2`,
	"cte": `with few as (select block_num, log_index, tx_index from eth_rpc.logs where log_index < 20 or tx_index = 3)
		select block_num, log_index from few where tx_index > 0 or log_index = 1`,
	"cte of a cte": `with a as (select block_num, log_index from eth_rpc.logs), b as (select block_num, log_index from a where log_index < 4) select block_num, log_index from b`,
	"subquery":     `select s.block_num, s.log_index from (select block_num, log_index from eth_rpc.logs where log_index < 10 or log_index = 30) as s where s.log_index <> 3`,
	"join": `select l.block_num, l.log_index, t.gas_used from eth_rpc.logs l
		join eth_rpc.transactions t on l.block_num = t.block_num and l.tx_index = t.tx_index where l.log_index < 3 or t.tx_index = 1`,
	"block under another name": `select block_num as height, log_index from eth_rpc.logs where log_index < 9`,
	"block name to be quoted":  `select block_num as "The Block", log_index from eth_rpc.logs where log_index < 9`,
	"settings":                 `select block_num, log_index from eth_rpc.logs where log_index < 9 SETTINGS stream = true`,
	"settings without spaces":  `select block_num, log_index from eth_rpc.logs where log_index < 9 settings stream=true`,
	"settings on lines":        "select block_num, log_index from eth_rpc.logs where log_index < 9\nSettings\n  stream\n=\ntrue\n;",
	"settings after a comment": "select block_num, log_index from eth_rpc.logs where log_index < 9 -- SETTINGS stream = false\nSETTINGS stream = TRUE -- the end",
	"settings in a literal":    `select block_num, log_index, 'SETTINGS stream = true' as note from eth_rpc.logs where log_index < 9 SETTINGS stream = true`,
	"letters that grow":        `select block_num, log_index, 'ßßß İİİ' as note from eth_rpc.logs where 'ß' <> 'SS'`,
}

// Queries of which a part by blocks would be another result, with why they are refused: by the generator, since a stream of them
// cannot be, or by the loader.
var unpartitionable = map[string][2]string{
	"limit":                  {`select block_num, log_index from eth_rpc.logs limit 5`, "limit"},
	"global aggregate":       {`select count(*) as n from eth_rpc.logs`, "aggregat"},
	"group by":               {`select block_num, count(*) as n from eth_rpc.logs group by block_num`, "GROUP BY"},
	"an aggregate per block": {`select block_num() as block_num, count(*) as n from eth_rpc.logs group by block_num()`, "it calls block_num()"},
	"distinct":               {`select distinct block_num, address from eth_rpc.logs`, "DISTINCT"},
	"order by":               {`select block_num, log_index from eth_rpc.logs order by log_index`, "ORDER BY"},
	"window":                 {`select block_num, row_number() over (order by log_index) as n from eth_rpc.logs`, "window"},
	"no block column":        {`select log_index from eth_rpc.logs`, "block"},
	"a computed block":       {`select block_num + 1 as block_num, log_index from eth_rpc.logs`, "block"},
	"the block of one table": {`select l.block_num, t.gas_used from eth_rpc.logs l join eth_rpc.transactions t on l.tx_index = t.tx_index`, "block"},
}

// dumped is what "ampgen dump" says of a pipeline.
type dumped struct {
	Name     string `json:"name"`
	SQL      string `json:"sql"`
	RangeSQL string `json:"range_sql"`
	NoRange  string `json:"no_range"`
	Block    string `json:"block"`
}

// analyze runs ampgen on one query and returns the pipeline, or what it printed if it has faults.
func analyze(t *testing.T, query string) (*dumped, string) {
	t.Helper()
	dir := t.TempDir()
	text := "-- name: Probe :stream\n-- @sink postgres table=probe\n" + query + "\n"
	if err := os.WriteFile(filepath.Join(dir, "probe.sql"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program(t, "ampgen"), "dump", "probe.sql")
	cmd.Dir, cmd.Env = dir, environment()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return nil, stdout.String() + stderr.String()
	}
	var document struct {
		Pipelines []*dumped `json:"pipelines"`
	}
	if err := json.Unmarshal(stdout.Bytes(), &document); err != nil || len(document.Pipelines) != 1 {
		t.Fatalf("dump printed %s: %v", stdout.String(), err)
	}
	return document.Pipelines[0], ""
}

// client is a connection to a server as a loader's source.
type client struct{ *amp.Client }

func (c client) Open(ctx context.Context, req runtime.Request) (runtime.SourceStream, error) {
	s, err := c.Client.Open(ctx, req)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// collector is a sink in memory.
type collector struct {
	mu     sync.Mutex
	ranges []runtime.Range
	rows   []string
}

func (c *collector) Prepare(context.Context, *runtime.Table) error { return nil }
func (c *collector) Undo(context.Context, runtime.Undo) error {
	return fmt.Errorf("nothing is to be undone")
}
func (c *collector) Close() error { return nil }

func (c *collector) State(context.Context, *runtime.Table) (runtime.State, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return runtime.State{Ranges: slices.Clone(c.ranges)}, nil
}

func (c *collector) Begin(_ context.Context, u runtime.Unit) (runtime.Tx, error) {
	return &collected{sink: c, unit: u}, nil
}

type collected struct {
	sink *collector
	unit runtime.Unit
	rows []string
}

func (t *collected) Write(_ context.Context, rows arrow.RecordBatch) error {
	t.rows = append(t.rows, texts(rows)...)
	return nil
}

func (t *collected) Commit(context.Context) error {
	t.sink.mu.Lock()
	defer t.sink.mu.Unlock()
	t.sink.ranges = append(t.sink.ranges, t.unit.Ranges...)
	t.sink.rows = append(t.sink.rows, t.rows...)
	return nil
}

func (t *collected) Rollback(context.Context) error { return nil }

func texts(rows arrow.RecordBatch) []string {
	var out []string
	for i := range int(rows.NumRows()) {
		var cells []string
		for _, c := range rows.Columns() {
			cells = append(cells, c.ValueStr(i))
		}
		out = append(out, strings.Join(cells, "|"))
	}
	return out
}

// TestPartitionsAreTheWhole loads every query of the corpus in partitions, and compares with the answer to the query as it is.
func TestPartitionsAreTheWhole(t *testing.T) {
	s := startServer(t, ampdev.Config{Seed: 3, Blocks: 40})
	connection, err := amp.Dial(amp.Config{Server: s.url})
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	for name, query := range partitionable {
		t.Run(name, func(t *testing.T) {
			p, faults := analyze(t, query)
			if p == nil || p.RangeSQL == "" {
				t.Fatalf("it cannot be partitioned: %+v\n%s", p, faults)
			}
			want, schema := whole(t, connection, p.SQL)
			if len(want) == 0 {
				t.Fatal("the query has no rows, which would prove nothing")
			}
			pipeline := &runtime.Pipeline{Name: p.Name, SQL: p.SQL, RangeSQL: p.RangeSQL, Mode: runtime.Stream, Query: schema,
				Table: runtime.Table{Name: "probe", Schema: schema, Block: p.Block}}
			sink := &collector{}
			err := runtime.Run(t.Context(), runtime.Options{Pipeline: pipeline, Source: client{connection}, Sink: sink, Latest: true,
				Workers: 3, ChunkBlocks: 4, ReorgDepth: 7})
			if err != nil {
				t.Fatal(err)
			}
			slices.Sort(sink.rows)
			if diff := cmp.Diff(want, sink.rows); diff != "" {
				t.Errorf("the partitions have %d rows, the whole has %d: %s", len(sink.rows), len(want), diff)
			}
			if len(sink.ranges) < 9 {
				t.Errorf("it was loaded in %v, which are no partitions to speak of", sink.ranges)
			}
		})
	}
}

// whole is the answer to a query that is run once.
func whole(t *testing.T, connection *amp.Client, sql string) (rows []string, schema *arrow.Schema) {
	t.Helper()
	stream, err := connection.Open(t.Context(), runtime.Request{SQL: sql})
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	for {
		m, err := stream.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if m.Record != nil {
			rows = append(rows, texts(m.Record)...)
		}
		if m.Complete {
			slices.Sort(rows)
			return rows, stream.Schema()
		}
	}
}

// TestWhatCannotBePartitionedIsRefused names the reason.
func TestWhatCannotBePartitionedIsRefused(t *testing.T) {
	for name, c := range unpartitionable {
		t.Run(name, func(t *testing.T) {
			p, why := analyze(t, c[0])
			if p != nil {
				if p.RangeSQL != "" {
					t.Fatalf("it is partitioned as %s", p.RangeSQL)
				}
				why = p.NoRange
			}
			if !strings.Contains(strings.ToLower(why), strings.ToLower(c[1])) {
				t.Errorf("the reason is %q, which lacks %q", why, c[1])
			}
		})
	}
}
