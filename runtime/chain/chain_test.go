package chain_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ampgen/ampgen/runtime/blockrange"
	"github.com/ampgen/ampgen/runtime/chain"
	"github.com/ampgen/ampgen/runtime/fault"
)

type Range = blockrange.Range

// rng is the range of one network from block to block on a branch; the hash of block n on branch a is "a<n>".
func rng(start, end uint64, hash, prev string) Range {
	return Range{Network: "mainnet", Start: start, End: end, Hash: hash, PrevHash: prev}
}

const zeroHash = "0x0000000000000000000000000000000000000000000000000000000000000000"

type step struct {
	in       []Range
	complete bool
	rows     int64
	want     string // the action, or a part of the error
}

func one(r Range, complete bool, want string) step { return step{[]Range{r}, complete, 1, want} }

// describe is the action in one line: "undo mainnet from 5 on a4".
func describe(a chain.Action) string {
	s := a.Kind.String()
	if a.Kind != chain.Undo {
		return s
	}
	s += fmt.Sprintf(" %s from %d on %s", a.Fork.Network, a.Fork.From, a.Fork.Hash)
	if a.Fork.Deeper {
		s += " or deeper"
	}
	return s
}

func TestSteps(t *testing.T) {
	base := Range{Network: "base", Start: 1, End: 5, Hash: "b5", PrevHash: "b0"}
	committed := []Range{rng(0, 9, "a9", zeroHash), rng(10, 19, "a19", "a9"), rng(20, 29, "a29", "a19")}
	tests := []struct {
		name      string
		committed []Range
		steps     []step
	}{
		{"from the start", nil, []step{
			one(rng(0, 9, "a9", zeroHash), false, "write"),
			one(rng(0, 9, "a9", zeroHash), true, "commit"),
			one(rng(10, 19, "a19", "a9"), true, "commit"),
			one(rng(20, 20, "a20", "a19"), false, "write"),
		}},
		{"from the start above block 0", nil, []step{one(rng(7, 9, "a9", "a6"), true, "commit")}},
		{"a fork below a gap in what is committed", []Range{rng(3, 5, "", ""), rng(8, 9, "a9", "a7")}, []step{
			one(rng(4, 6, "b6", "a3"), true, "undo mainnet from 4 on a3"),
		}},
		{"genesis without a parent hash", nil, []step{one(rng(0, 9, "a9", ""), true, "commit")}},
		{"continues what is committed", committed, []step{
			one(rng(30, 31, "a31", "a29"), false, "write"), one(rng(30, 31, "a31", "a29"), true, "commit")}},
		{"the time of a block means nothing", nil, []step{
			one(Range{Network: "mainnet", Start: 1, End: 2, Hash: "a2", PrevHash: "a0", Timestamp: 5}, false, "write"),
			one(Range{Network: "mainnet", Start: 1, End: 2, Hash: "a2", PrevHash: "a0", Timestamp: 6}, true, "commit")}},
		{"repeats the last range", committed, []step{
			one(rng(20, 29, "a29", "a19"), false, "ignore"), one(rng(20, 29, "a29", "a19"), true, "ignore"),
			one(rng(30, 30, "a30", "a29"), true, "commit")}},
		{"ignores the cursor and starts over", committed, []step{
			one(committed[0], true, "ignore"), one(committed[1], true, "ignore"), one(committed[2], true, "ignore"),
			one(rng(30, 30, "a30", "a29"), true, "commit")}},
		{"starts over with other cuts", committed, []step{
			one(rng(0, 4, "a4", zeroHash), false, "ignore"), one(rng(0, 4, "a4", zeroHash), true, "ignore"), one(rng(5, 14, "a14", "a4"), true, "ignore"),
			one(rng(15, 19, "a19", "a14"), true, "ignore"), one(rng(20, 26, "a26", "a19"), true, "ignore"),
			one(rng(27, 29, "a29", "a26"), true, "ignore"), one(rng(30, 31, "a31", "a29"), true, "commit")}},
		{"starts over with other cuts and passes the end unproven", committed, []step{
			one(rng(0, 14, "a14", zeroHash), true, "ignore"), one(rng(15, 24, "a24", "a14"), true, "ignore"),
			one(rng(25, 34, "a34", "a24"), true, "undo mainnet from 0 on  or deeper")}},
		{"starts over with other cuts and passes the end above a proven block", committed, []step{
			one(rng(0, 14, "a14", zeroHash), true, "ignore"), one(rng(15, 19, "a19", "a14"), true, "ignore"),
			one(rng(20, 24, "a24", "a19"), true, "ignore"), one(rng(25, 34, "a34", "a24"), true, "undo mainnet from 20 on a19 or deeper")}},
		{"starts over and passes the end right above a proven block", committed, []step{
			one(rng(0, 9, "a9", zeroHash), true, "ignore"), one(rng(10, 34, "a34", "a9"), true, "undo mainnet from 10 on a9")}},
		{"starts over on another branch", committed, []step{
			one(rng(0, 4, "a4", zeroHash), true, "ignore"), one(rng(5, 9, "a9", "a4"), true, "ignore"),
			one(rng(10, 14, "b14", "a9"), true, "ignore"), one(rng(15, 19, "b19", "b14"), true, "undo mainnet from 10 on a9 or deeper")}},
		{"starts over on another branch from the start", committed, []step{
			one(rng(0, 4, "b4", zeroHash), true, "ignore"), one(rng(5, 9, "b9", "b4"), true, "undo mainnet from 0 on  or deeper")}},
		{"starts over and changes its mind", committed, []step{
			one(rng(0, 19, "a19", zeroHash), true, "ignore"), one(rng(15, 22, "b22", "b14"), true, "ignore"),
			one(rng(23, 29, "b29", "b22"), true, "undo mainnet from 0 on  or deeper")}},
		{"goes back by other cuts", committed, []step{
			one(rng(5, 19, "a19", "a4"), true, "ignore"), one(rng(20, 29, "a29", "a19"), true, "ignore"), one(rng(30, 30, "a30", "a29"), true, "commit")}},
		{"the last microbatch twice", nil, []step{
			one(rng(1, 9, "a9", "a0"), true, "commit"), one(rng(1, 9, "a9", "a0"), false, "ignore"), one(rng(1, 9, "a9", "a0"), true, "ignore"),
			one(rng(10, 19, "a19", "a9"), true, "commit")}},
		{"back to the first branch", nil, []step{
			one(rng(1, 9, "a9", "a0"), true, "commit"), one(rng(10, 19, "a19", "a9"), true, "commit"), one(rng(15, 20, "b20", "a14"), true, "undo mainnet from 15 on a14")}},

		{"no data yet", nil, []step{{nil, true, 0, "no data"}}},
		{"no data yet after a restart", committed, []step{{nil, true, 0, "no data"}}},
		{"a message without anything", nil, []step{{nil, false, 0, "ignore"}}},
		{"rows without a range", nil, []step{{nil, false, 3, "3 rows came without a block range"}}},
		{"no range within a microbatch", nil, []step{
			one(rng(0, 9, "a9", ""), false, "write"), {nil, true, 0, "within the microbatch mainnet:0-9@a9"}}},

		{"parent of genesis", nil, []step{one(rng(0, 9, "a9", "a8"), true, "starts the chain but has the parent hash a8")}},
		{"no parent hash", nil, []step{one(rng(1, 9, "a9", ""), true, "range mainnet:1-9@a9 has no parent hash")}},
		{"zero parent hash", nil, []step{one(rng(1, 9, "a9", zeroHash), true, "has no parent hash")}},
		{"no hash", nil, []step{one(rng(1, 9, "", "a0"), true, "range mainnet:1-9 has no hash")}},
		{"ends before it starts", nil, []step{one(rng(9, 1, "a1", "a8"), true, "ends before it starts")}},
		{"a network twice", nil, []step{{[]Range{base, base}, true, 1, "a followed query has one network, and a message came with the ranges base:1-5@b5, base:1-5@b5"}}},
		{"two networks", nil, []step{{[]Range{rng(0, 9, "a9", ""), base}, true, 1, "a followed query has one network"}}},
		{"one of the committed networks", []Range{committed[0], base, {Network: "eth.logs", Start: 0, End: 1000}}, []step{
			one(rng(10, 19, "a19", "a9"), true, "commit")}},
		{"a committed network without a hash", []Range{base, rng(0, 9, "", "")}, []step{
			one(rng(10, 19, "a19", "a9"), true, "the last committed range mainnet:0-9 was loaded by block numbers")}},
		{"another network than committed", committed, []step{{[]Range{base}, true, 1, "network base: range base:1-5@b5 came, but what is committed is of another network: mainnet:20-29@a29"}}},
		{"another network than before", nil, []step{
			one(rng(0, 9, "a9", ""), true, "commit"), {[]Range{base}, true, 1, "network base: range base:1-5@b5 came in a stream of network mainnet"}}},
		{"a gap", committed, []step{one(rng(32, 39, "a39", "a31"), true, "blocks 30 to 31 are missing")}},
		{"does not continue the range before", nil, []step{
			one(rng(1, 9, "a9", "a0"), true, "commit"), one(rng(10, 19, "b19", "b9"), true, "does not continue mainnet:1-9@a9")}},
		{"goes back but claims to continue", committed, []step{one(rng(25, 35, "b35", "a29"), true, "goes back in mainnet:20-29@a29 but claims to continue it")}},
		{"next microbatch before the end of the last", nil, []step{
			one(rng(1, 9, "a9", "a0"), false, "write"), one(rng(10, 19, "a19", "a9"), false, "before the microbatch mainnet:1-9@a9 was complete")}},
		{"goes back within a microbatch but claims to continue", nil, []step{
			one(rng(1, 9, "a9", "a0"), false, "write"), one(rng(5, 12, "b12", "a9"), false, "goes back in mainnet:1-9@a9")}},

		{"reorg at the boundary", committed, []step{one(rng(20, 30, "b30", "a19"), true, "undo mainnet from 20 on a19")}},
		{"reorg of the same length", committed, []step{one(rng(20, 29, "b29", "a19"), true, "undo mainnet from 20 on a19")}},
		{"reorg inside the last range", committed, []step{one(rng(25, 30, "b30", "a24"), true, "undo mainnet from 25 on a24")}},
		{"reorg of the last block on an open connection", committed[:2], []step{
			one(committed[2], true, "commit"), one(rng(29, 29, "b29", "a28"), false, "undo mainnet from 29 on a28")}},
		{"a server that lost the abandoned branch starts with the cursor's block", committed, []step{
			one(rng(29, 29, "b29", "b28"), false, "undo mainnet from 20 on a19 or deeper")}},
		{"and the boundary before it tells", committed[:2], []step{one(rng(20, 29, "b29", "a19"), true, "commit")}},
		{"or does not", committed[:2], []step{one(rng(20, 29, "b29", "b19"), true, "undo mainnet from 10 on a9 or deeper")}},
		{"reorg inside an earlier range", committed, []step{one(rng(15, 30, "b30", "a14"), true, "undo mainnet from 15 on a14")}},
		{"reorg of everything", committed, []step{one(rng(0, 30, "b30", zeroHash), true, "undo mainnet from 0 on ")}},
		{"deeper than the server said, right after the boundary", committed, []step{
			one(rng(30, 31, "b31", "b29"), true, "undo mainnet from 20 on a19 or deeper")}},
		{"deeper than the server said, at an earlier boundary", committed, []step{
			one(rng(20, 31, "b31", "b19"), true, "undo mainnet from 10 on a9 or deeper")}},
		{"reorg inside the unfinished microbatch", committed, []step{
			one(rng(30, 39, "a39", "a29"), false, "write"), one(rng(35, 39, "b39", "a34"), false, "reopen")}},
		{"reorg of the whole unfinished microbatch", committed, []step{
			one(rng(30, 39, "a39", "a29"), false, "write"), one(rng(30, 35, "b35", "a29"), false, "reopen")}},
		{"reorg below the unfinished microbatch", committed, []step{
			one(rng(30, 39, "a39", "a29"), false, "write"), one(rng(28, 39, "b39", "a27"), false, "undo mainnet from 28 on a27")}},
		{"reorg of a first microbatch", nil, []step{
			one(rng(1, 9, "a9", "a0"), false, "write"), one(rng(5, 9, "b9", "a4"), false, "reopen")}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			tracker, err := chain.New(test.committed)
			if err != nil {
				t.Fatal(err)
			}
			for i, s := range test.steps {
				action, err := tracker.Step(s.in, s.complete, s.rows)
				if err != nil {
					if class := fault.ClassOf(err); class != fault.Protocol && class != fault.Permanent || !strings.Contains(err.Error(), s.want) {
						t.Fatalf("step %d: %v, want %q", i, err, s.want)
					}
					continue
				}
				if got := describe(action); got != s.want {
					t.Fatalf("step %d: %s, want %s", i, got, s.want)
				}
			}
		})
	}
}

func TestResumeContinuesAtTheForkPoint(t *testing.T) {
	tests := []struct {
		name      string
		committed []Range
		in        Range
	}{
		{"cut range", []Range{rng(0, 9, "a9", ""), rng(10, 14, "a14", "a9")}, rng(15, 30, "b30", "a14")},
		{"boundary without a hash", []Range{rng(0, 14, "", "")}, rng(15, 30, "b30", "a14")},
		{"nothing right below", []Range{rng(0, 9, "a9", "")}, rng(15, 30, "b30", "a14")},
		{"nothing below", nil, rng(15, 30, "b30", "a14")},
		{"everything", nil, rng(0, 30, "b30", zeroHash)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			tracker := chain.Resume(test.committed, chain.Fork{Network: "mainnet", From: test.in.Start, Hash: "a14"})
			for i, s := range []step{one(test.in, true, "commit"), one(rng(31, 31, "b31", "b30"), true, "commit"),
				one(rng(30, 32, "c32", "b29"), true, "undo mainnet from 30 on b29")} {
				action, err := tracker.Step(s.in, s.complete, s.rows)
				if err != nil || describe(action) != s.want {
					t.Errorf("step %d: %s, %v, want %s", i, describe(action), err, s.want)
				}
			}
		})
	}
}

// TestLongConnection follows a chain block by block for longer than boundaries are kept apart.
func TestLongConnection(t *testing.T) {
	tracker, err := chain.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	hash := func(n int) string { return fmt.Sprintf("a%d", n) }
	const blocks = 5000
	for n := 1; n <= blocks; n++ {
		if a, err := tracker.Step([]Range{rng(uint64(n), uint64(n), hash(n), hash(n-1))}, true, 1); err != nil || a.Kind != chain.Commit {
			t.Fatalf("block %d: %v, %v", n, a.Kind, err)
		}
	}
	for _, s := range []step{one(rng(blocks-1000, blocks, "b", hash(blocks-1001)), true, fmt.Sprintf("undo mainnet from %d on a%d", blocks-1000, blocks-1001)),
		one(rng(7, blocks, "b", "a6"), true, "undo mainnet from 7 on a6")} {
		if a, err := tracker.Step(s.in, s.complete, s.rows); err != nil || describe(a) != s.want {
			t.Errorf("%s, %v, want %s", describe(a), err, s.want)
		}
	}
}

func TestStatesThatAreRefused(t *testing.T) {
	_, err := chain.New([]Range{rng(0, 9, "a9", ""), rng(10, 19, "", "")})
	if err == nil || !strings.Contains(err.Error(), "the last committed range mainnet:10-19 was loaded by block numbers and has no hash") {
		t.Errorf("got %v", err)
	}
	if _, err := chain.New([]Range{rng(9, 0, "a0", "")}); err == nil || !strings.Contains(err.Error(), "ends before it starts") {
		t.Errorf("got %v", err)
	}
	if _, err := chain.New([]Range{rng(0, 9, "", ""), rng(10, 19, "a19", "")}); err != nil {
		t.Errorf("only the last range needs its hash: %v", err)
	}
}
