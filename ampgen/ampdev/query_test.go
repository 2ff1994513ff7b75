package ampdev

import (
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ampgen/ampgen/ampgen/internal/source"
)

// What a query answers over three synthetic blocks, or without tables.
func TestQueries(t *testing.T) {
	s, c := startServer(t, Config{Blocks: 3, FirstBlock: 10})
	logs := c.all("select count(*) as n from eth_rpc.logs").lines()[0]
	tip := s.Tip()
	for sql, want := range map[string]string{
		// literals and operators
		"select 7 / 2 as a, -7 / 2 as b, 7 % 4 as c, 1.5 as d, 7 / 2.0 as e":                                "3,-3,3,1.5,3.5",
		"select x'00ff' = x'00FF' as a, 'it''s' as b, true and not false as c":                              "true,it's,true",
		"select 1 = 2 or null is null as a, 3 between 1 and 5 as b, 'abc' like 'a%' as c, 2 in (1, 2) as d": "true,true,true,true",
		"select 5 & 3 as a, 5 | 3 as b, 1 << 4 as c, 'ab' ~ '^a' as d":                                      "1,7,16,true",
		"select case when 1 > 2 then 'x' else 'y' end as a, coalesce(null, 4) as b, nullif(3, 3) as c":      "y,4,",
		"select cast('12' as bigint) as a, try_cast('x' as int) as b, '1.25'::decimal(5,2) as c":            "12,,1.25",
		"select 18446744073709551615 as a, cast(5 as bigint unsigned) as b":                                 "18446744073709551615,5",
		// functions
		"select upper('a') as a, substr('hello', 2, 3) as b, length('é') as c, trim('  x ') as d, split_part('a-b', '-', 2) as e":  "A,ell,1,x,b",
		"select encode(x'0aff', 'hex') as a, arrow_cast(1, 'UInt8') as b, extract(year from timestamp '2024-02-03 00:00:00') as c": "0aff,1,2024",
		"select array_length([1, 2, 3]) as a, [10, 20][2] as b, named_struct('k', 5)['k'] as c":                                    "3,20,5",
		"select evm_topic('Transfer(address from, address to, uint256 value)') as a":                                               "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef",
		"select evm_encode_hex('0xdAC17F958D2ee523a2206206994597C13D831ec7') as a":                                                 "0xdac17f958d2ee523a2206206994597c13d831ec7",
		"select shift_units('1500000', -6) as a, shift_units(15, 2) as b":                                                          "1.5,1500",
		// tables
		"select max(block_num) as a, count(*) as b from eth_rpc.blocks":                                                          "12,3",
		"select evm_decode_hex(hash) as h from eth_rpc.blocks where block_num = 12":                                              tip.Hash.String(),
		"select eth_rpc.blocks.block_num from eth_rpc.blocks where blocks.block_num = 11":                                        "11",
		"select count(*) as n from eth_rpc.logs l join eth_firehose.transactions t using (block_num, tx_index)":                  logs,
		"select count(*) as n from eth_rpc.logs l left join eth_rpc.blocks b on l.block_hash = b.hash where b.hash is not null":  logs,
		"select count(*) as n from (select block_num from eth_rpc.blocks union all select 1) u":                                  "4",
		"with x as (select block_num b from eth_rpc.blocks) select sum(b) as s from x":                                           "33",
		"with recursive r as (select 1 as n union all select n + 1 from r where n < 5) select max(n) as m from r":                "5",
		"select block_num, row_number() over (order by block_num desc) as r from eth_rpc.blocks order by r limit 1":              "12,1",
		"select count(*) as n from eth_rpc.blocks b where exists (select 1 from eth_rpc.logs l where l.block_num = b.block_num)": "3",
		"select block_num from eth_rpc.blocks where hash = x'" + tip.Hash.String()[2:] + "'":                                     "12",
		"select count(*) as n from (select * except (hash) from eth_rpc.blocks) b":                                               "3",
		"select column1 as a, column2 as b from (values (1, 'x')) v":                                                             "1,x",
		"select v.a from (values (3)) v(a)":                                                                                      "3",
		"select count(distinct block_num) filter (where block_num > 10) as n from eth_rpc.logs":                                  "2",
	} {
		if got := strings.Join(c.all(sql).lines(), "|"); got != want {
			t.Errorf("%s\n got %s\nwant %s", sql, got, want)
		}
	}
}

// What DuckDB would answer otherwise than DataFusion is refused, not answered.
func TestUnservedConstructs(t *testing.T) {
	_, c := startServer(t, Config{Blocks: 1})
	for sql, want := range map[string]string{
		"select avg(base_fee_per_gas) as a from eth_rpc.blocks":                  "avg of what is not known to be an integer or floating",
		"select cast(timestamp as varchar) as a from eth_rpc.blocks":             "timestamps as text",
		"select date_bin(interval '1 hour', timestamp) as a from eth_rpc.blocks": "the function date_bin",
	} {
		_, err := c.info(call{sql: sql})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", sql, err, want)
		}
	}
}

// follow keeps what a client keeps: the rows of the stream, cut back at every fork. Rows begin with their block.
type follower struct {
	t    *testing.T
	a    *answer
	rows []string
}

// until reads microbatches up to the block with the given hash.
func (f *follower) until(s *Server) {
	f.t.Helper()
	tip := s.Tip()
	for {
		m := f.a.microbatch()
		start := m.blocks()[0]
		f.rows = slices.DeleteFunc(f.rows, func(row string) bool { return blockOf(row) >= start })
		f.rows = append(f.rows, m.lines()...)
		if m.complete.meta.Ranges[0].Hash == tip.Hash {
			return
		}
	}
}

func blockOf(row string) uint64 {
	n := uint64(0)
	for _, r := range row {
		if r < '0' || r > '9' {
			break
		}
		n = 10*n + uint64(r-'0')
	}
	return n
}

// streams are queries whose stream must add up to what the batch query on the right answers, at every tip.
var streams = []struct{ name, stream, batch string }{
	{"filter", "select block_num, log_index, data from eth_rpc.logs where topic1 is null", ""},
	{"star of a derived table", "select * from (select block_num, tx_hash from eth_rpc.transactions where tx_index < 3) t", ""},
	{"union", "select block_num, hash from eth_rpc.blocks union all select block_num, tx_hash from eth_firehose.transactions where tx_index = 0", ""},
	{"join on blocks", "select l.block_num, l.log_index, b.miner from eth_rpc.logs l join eth_rpc.blocks b on l.block_num = b.block_num", ""},
	{"join using", "select block_num, l.log_index, t.nonce from eth_rpc.logs l join eth_rpc.transactions t using (block_num, tx_index)", ""},
	{
		"join across blocks",
		`select block_num() as b, l.log_index, l.address from eth_rpc.logs l join eth_rpc.transactions t on l.address = t."to" where l.topic3 is null`,
		`select greatest(l.block_num, t.block_num) as b, l.log_index, l.address from eth_rpc.logs l join eth_rpc.transactions t on l.address = t."to" where l.topic3 is null`,
	},
	{
		"join of derived tables and a CTE",
		`with senders as (select block_num, "from" from eth_rpc.transactions where tx_index < 5)
		 select block_num() as b, a."from" from senders a join (select block_num, miner from eth_rpc.blocks) m on a.block_num < m.block_num`,
		`select m.block_num as b, a."from" from eth_rpc.transactions a join eth_rpc.blocks m on a.block_num < m.block_num where a.tx_index < 5`,
	},
	{
		"groups by block",
		"select block_num() as b, count(*) as n from eth_rpc.logs group by block_num()",
		"select block_num as b, count(*) as n from eth_rpc.logs group by block_num",
	},
	{
		"distinct on",
		"select distinct on (block_num(), address) block_num() as b, address from eth_rpc.logs",
		"select distinct block_num as b, address from eth_rpc.logs",
	},
	{
		"CTE",
		"with x as (select block_num, address from eth_rpc.logs where topic0 is not null) select block_num, address from x",
		"select block_num, address from eth_rpc.logs where topic0 is not null",
	},
}

func TestStreamsAddUpToTheBatchQuery(t *testing.T) {
	s, c := startServer(t, Config{Blocks: 9, MicrobatchBlocks: 4})
	followers := make([]*follower, len(streams))
	for i, q := range streams {
		followers[i] = &follower{t: t, a: c.open(call{sql: q.stream, stream: true})}
	}
	rng := rand.New(rand.NewPCG(1, 1))
	for step := range 8 {
		for i, q := range streams {
			f := followers[i]
			f.until(s)
			batch := q.batch
			if batch == "" {
				batch = q.stream
			}
			sameRows(t, q.name, f.rows, c.all(batch).lines())
		}
		if t.Failed() {
			t.Fatalf("in step %d", step)
		}
		var err error
		if step%2 == 0 {
			err = s.Mine(t.Context(), 1+rng.IntN(6))
		} else {
			depth := 1 + rng.IntN(7)
			err = s.Reorg(t.Context(), depth, 1+rng.IntN(depth+2))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// The project's own example queries run, as their name lines say.
func TestExampleQueries(t *testing.T) {
	_, c := startServer(t, Config{Blocks: 20})
	paths, err := filepath.Glob(filepath.Join("..", "..", "queries", "*.sql"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no queries: %v", err)
	}
	for _, path := range paths {
		file, err := source.Read(path, filepath.Base(path))
		if err != nil {
			t.Fatal(err)
		}
		stream := strings.Contains(file.Text, ":stream")
		a := c.open(call{sql: file.Text, stream: stream})
		if m := a.microbatch(); m.rows() == 0 {
			t.Errorf("%s: no rows", path)
		}
		a.cancel()
	}
}
