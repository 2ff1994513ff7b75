package chain_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

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
	for _, f := range a.Forks {
		s += fmt.Sprintf(" %s from %d on %s", f.Network, f.From, f.Hash)
		if f.Deeper {
			s += " or deeper"
		}
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
		{"a network twice", nil, []step{{[]Range{base, base}, true, 1, "network base: the network occurs twice"}}},
		{"a network less", []Range{committed[0], base}, []step{
			one(rng(10, 19, "a19", "a9"), true, "the stream had 2 networks and now has 1")}},
		{"another network", committed, []step{{[]Range{base}, true, 1, "network base: the network was not part of the stream before"}}},
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
		{"reorg of the last block to a shorter chain", committed, []step{one(rng(29, 29, "b29", "a28"), false, "undo mainnet from 29 on a28")}},
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
					if fault.ClassOf(err) != fault.Protocol || !strings.Contains(err.Error(), s.want) {
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

func TestReconnectForgetsTheUnfinishedMicrobatch(t *testing.T) {
	tracker, err := chain.New([]Range{rng(0, 9, "a9", "")})
	if err != nil {
		t.Fatal(err)
	}
	expect := func(want string, r Range, complete bool) {
		t.Helper()
		if a, err := tracker.Step([]Range{r}, complete, 0); err != nil || describe(a) != want {
			t.Fatalf("%v: %s, %v, want %s", r, describe(a), err, want)
		}
	}
	expect("commit", rng(10, 19, "a19", "a9"), true)
	expect("write", rng(20, 29, "a29", "a19"), false)
	tracker.Reconnect()
	if diff := cmp.Diff([]Range{rng(10, 19, "a19", "a9")}, tracker.Boundaries()); diff != "" {
		t.Error(diff)
	}
	expect("write", rng(20, 24, "a24", "a19"), false)
	tracker.Reconnect()
	expect("undo mainnet from 10 on a9 or deeper", rng(20, 24, "b24", "b19"), false)
}

func TestBoundaryWithoutHashIsRefused(t *testing.T) {
	_, err := chain.New([]Range{rng(0, 9, "a9", ""), rng(10, 19, "", "")})
	if err == nil || !strings.Contains(err.Error(), "the last committed range mainnet:10-19 was loaded by block numbers and has no hash") {
		t.Errorf("got %v", err)
	}
	if _, err := chain.New([]Range{rng(0, 9, "", ""), rng(10, 19, "a19", "")}); err != nil {
		t.Errorf("only the last range needs its hash: %v", err)
	}
}
