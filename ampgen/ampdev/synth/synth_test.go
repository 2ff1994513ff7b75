package synth

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"testing"
)

// blocks makes a chain of n blocks.
func blocks(seed uint64, n int) []*Block {
	g := New(seed)
	out := []*Block{g.First(0)}
	for len(out) < n {
		out = append(out, g.Next(out[len(out)-1].Block, 0))
	}
	return out
}

func TestSameSeedSameBytes(t *testing.T) {
	digest := func(seed uint64) string {
		h := sha256.New()
		for _, b := range blocks(seed, 3) {
			fmt.Fprintf(h, "%v", *b)
		}
		return hex.EncodeToString(h.Sum(nil)[:8])
	}
	if a, b := digest(1), digest(1); a != b {
		t.Errorf("one seed gives %s and %s", a, b)
	}
	if digest(1) == digest(2) {
		t.Error("two seeds give one chain")
	}
	const pinned = "7165634c089ffef0"
	if got := digest(1); got != pinned {
		t.Errorf("the chain of seed 1 is %s, want %s: it must not change without notice", got, pinned)
	}
}

func TestBlocksLinkAndSaltsDiffer(t *testing.T) {
	g := New(7)
	first := g.First(100)
	if first.Number != 100 || first.Parent == [32]byte{} {
		t.Errorf("first block is %d with parent %s", first.Number, first.Parent)
	}
	if genesis := g.First(0); genesis.Number != 0 || genesis.Parent != [32]byte{} {
		t.Errorf("genesis is %d with parent %s", genesis.Number, genesis.Parent)
	}
	a, b := g.Next(first.Block, 0), g.Next(first.Block, 1)
	if a.Parent != first.Hash || b.Parent != first.Hash || a.Number != 101 || b.Number != 101 {
		t.Error("next blocks do not build on their parent")
	}
	if a.Hash == b.Hash || bytes.Equal(a.Logs[0].Data, b.Logs[0].Data) && a.Logs[0].Address == b.Logs[0].Address {
		t.Error("another salt gives the same block")
	}
}

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if math.Abs(got-want) > tolerance {
		t.Errorf("%s is %.4g, want %.4g ± %.2g", what, got, want, tolerance)
	}
}

// The figures are those measured on mainnet; tolerances allow for the sampling error of 400 blocks.
func TestShapes(t *testing.T) {
	chain := blocks(1, 400)
	var perBlock []float64
	topics, sizes := map[int]float64{}, map[int]float64{}
	tokens := map[Address]float64{}
	endpoints := map[Word]int{}
	var logs, erc20, erc721, txs, silent, zero float64
	maxData := 0
	for _, b := range chain {
		perBlock = append(perBlock, float64(len(b.Logs)))
		txs += float64(len(b.Transactions))
		with := map[uint32]bool{}
		for i, l := range b.Logs {
			if l.LogIndex != uint32(i) || int(l.TxIndex) >= len(b.Transactions) || i > 0 && l.TxIndex < b.Logs[i-1].TxIndex {
				t.Fatalf("block %d: log %d has index %d in transaction %d", b.Number, i, l.LogIndex, l.TxIndex)
			}
			with[l.TxIndex] = true
			logs++
			topics[l.TopicCount]++
			sizes[len(l.Data)]++
			maxData = max(maxData, len(l.Data))
			if l.TopicCount == 0 || l.Topics[0] != transfer {
				continue
			}
			if l.TopicCount == 4 {
				erc721++
				continue
			}
			erc20++
			tokens[l.Address]++
			if l.TopicCount == 3 {
				endpoints[l.Topics[1]]++
				endpoints[l.Topics[2]]++
			}
			if bytes.Equal(l.Data, make([]byte, 32)) {
				zero++
			}
		}
		silent += float64(len(b.Transactions) - len(with))
	}
	n := float64(len(chain))
	near(t, "logs per block", logs/n, 364, 20)
	slices.Sort(perBlock)
	near(t, "median logs per block", perBlock[len(perBlock)/2], 347, 20)
	near(t, "transactions per block", txs/n, 192, 10)
	near(t, "share of transactions without logs", silent/txs, 0.37, 0.02)
	near(t, "ERC-20 share", erc20/logs, 0.455, 0.015)
	near(t, "ERC-721 share", erc721/logs, 0.017, 0.006)
	for count, want := range map[int]float64{1: 0.13, 2: 0.13, 3: 0.68, 4: 0.05} {
		near(t, fmt.Sprintf("share of logs with %d topics", count), topics[count]/logs, want, 0.02)
	}
	for size, want := range map[int]float64{32: 0.65, 64: 0.11, 128: 0.09, 160: 0.04, 0: 0.036} {
		near(t, fmt.Sprintf("share of logs with %d bytes of data", size), sizes[size]/logs, want, 0.015)
	}
	if maxData > 5952 || maxData < 4000 {
		t.Errorf("largest data is %d bytes, want up to 5,952", maxData)
	}
	near(t, "zero transfers", zero/erc20, 0.037, 0.006)
	for i, want := range []float64{0.254, 0.161, 0.072} {
		near(t, "share of "+heads[i].Symbol, tokens[heads[i].Address]/erc20, want, 0.012)
	}
	var shares []float64
	for _, c := range tokens {
		shares = append(shares, c/erc20)
	}
	slices.SortFunc(shares, func(a, b float64) int { return int(math.Copysign(1, b-a)) })
	total := 0.0
	for i, s := range shares[:100] {
		total += s
		if want := map[int]float64{9: 0.57, 19: 0.64, 49: 0.72, 99: 0.80}[i]; want > 0 {
			near(t, fmt.Sprintf("share of the top %d tokens", i+1), total, want, 0.05)
		}
	}
	once := 0.0
	for _, c := range endpoints {
		if c == 1 {
			once++
		}
	}
	near(t, "share of endpoints seen once", once/float64(len(endpoints)), 0.65, 0.07)
	matched := 0.0
	for _, label := range New(1).Tokens() {
		matched += tokens[label.Address]
	}
	near(t, "share of transfers with a label", matched/erc20, 0.70, 0.05)
}

func TestPowerIsExact(t *testing.T) {
	r := New(3).stream([32]byte{}, 0)
	for e := -1.0; e < 40; e += 0.37 {
		w := r.power(e)
		value := 0.0
		for _, b := range w {
			value = value*256 + float64(b)
		}
		want := math.Pow(10, min(e, 38))
		if e < 0 && value != 0 || e >= 0 && math.Abs(value-want) > 1+want*1e-9 {
			t.Errorf("power(%g) is %g", e, value)
		}
	}
}

func TestMalformedLogsOccur(t *testing.T) {
	g := New(5)
	r := g.stream([32]byte{}, 0)
	seen := map[string]bool{}
	for range 200_000 {
		var l Log
		g.erc20(r, &l)
		switch {
		case l.TopicCount == 0:
			seen["no topic"] = true
		case l.TopicCount == 1 && len(l.Data) == 96:
			seen["nothing indexed"] = true
		case len(l.Data) < 32:
			seen["short data"] = true
		case bytes.Equal(l.Data, bytes.Repeat([]byte{0xff}, 32)):
			seen["largest value"] = true
		}
	}
	if len(seen) != 4 {
		t.Errorf("200,000 transfers have only the malformed kinds %v", seen)
	}
}

func BenchmarkNext(b *testing.B) {
	g := New(1)
	parent := g.First(0).Block
	logs := 0
	b.ReportAllocs()
	for b.Loop() {
		block := g.Next(parent, 0)
		parent = block.Block
		logs += len(block.Logs)
	}
	b.ReportMetric(float64(logs)/b.Elapsed().Seconds(), "logs/s")
}
