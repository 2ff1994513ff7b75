package chain

import (
	"testing"

	"pgregory.net/rapid"
)

// run makes blocks from number start on, hashed by branch and number.
func run(branch byte, start uint64, parent Hash, n int) []Block {
	var out []Block
	for i := range n {
		b := Block{Number: start + uint64(i), Parent: parent, Time: int64(start) + int64(i)}
		b.Hash[0], b.Hash[1], b.Hash[31] = branch, byte(b.Number), 1
		parent = b.Hash
		out = append(out, b)
	}
	return out
}

func mustExtend(t *testing.T, c *Chain, blocks []Block) {
	t.Helper()
	if err := c.Extend(blocks...); err != nil {
		t.Fatal(err)
	}
}

func TestExtendRefusesBrokenLinks(t *testing.T) {
	var c Chain
	mustExtend(t, &c, run('a', 10, Hash{9}, 3))
	good := run('a', 13, c.Tip().Hash, 2)
	for name, blocks := range map[string][]Block{
		"gap":          run('a', 14, c.Tip().Hash, 1),
		"wrong parent": run('a', 13, Hash{7}, 1),
		"second block": {good[0], {Number: 14, Hash: Hash{1}, Parent: Hash{2}}},
	} {
		if err := c.Extend(blocks...); err == nil {
			t.Errorf("%s: extended", name)
		}
	}
	if got := c.Tip().Number; got != 12 {
		t.Errorf("tip is %d after refused blocks, want 12", got)
	}
	if r := c.Range(11, 12); r.PrevHash != c.First().Hash || r.Hash != c.Tip().Hash || r.Time != 12 {
		t.Errorf("range 11..12 is %+v", r)
	}
}

func TestResume(t *testing.T) {
	var c Chain
	a := run('a', 10, Hash{9}, 10) // 10..19
	mustExtend(t, &c, a)
	b := run('b', 15, a[4].Hash, 6) // 15..20 replace 15..19
	if err := c.Reorg(15, b...); err != nil {
		t.Fatal(err)
	}
	d := run('d', 18, b[2].Hash, 1) // 18 replaces 18..20: the tip goes back
	if err := c.Reorg(18, d...); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		number uint64
		hash   Hash
		start  uint64
		ok     bool
	}{
		{"canonical", 16, b[1].Hash, 17, true},
		{"tip", 18, d[0].Hash, 19, true},
		{"first branch", 19, a[9].Hash, 15, true},
		{"first branch, fork point", 15, a[5].Hash, 15, true},
		{"first branch, below the fork", 14, a[4].Hash, 15, true},
		{"second branch above the tip", 20, b[5].Hash, 18, true},
		{"unknown hash", 16, Hash{99}, 16, true},
		{"hash of another number", 16, a[3].Hash, 16, true},
		{"not there yet", 25, Hash{99}, 0, false},
		{"before the first block", 3, Hash{99}, 10, true},
	}
	for _, tt := range tests {
		if start, ok := c.Resume(tt.number, tt.hash); start != tt.start || ok != tt.ok {
			t.Errorf("%s: Resume(%d) = %d, %t, want %d, %t", tt.name, tt.number, start, ok, tt.start, tt.ok)
		}
	}
	c.Forget()
	if start, _ := c.Resume(19, a[9].Hash); start != 0 {
		t.Errorf("after Forget an orphan above the tip is answered with %d, want to wait", start)
	}
	if start, ok := c.Resume(17, b[2].Hash); start != 18 || !ok {
		t.Errorf("Forget lost a canonical block: %d, %t", start, ok)
	}
}

func TestReorgRefuses(t *testing.T) {
	var c Chain
	mustExtend(t, &c, run('a', 0, Hash{}, 3))
	tip := c.Tip()
	for name, err := range map[string]error{
		"genesis":      c.Reorg(0, run('b', 0, Hash{}, 1)...),
		"above tip":    c.Reorg(3, run('b', 3, tip.Hash, 1)...),
		"nothing":      c.Reorg(2),
		"wrong parent": c.Reorg(2, run('b', 2, Hash{5}, 1)...),
	} {
		if err == nil {
			t.Errorf("%s: reorged", name)
		}
	}
	if c.Tip() != tip {
		t.Errorf("a refused reorg moved the tip to %+v", c.Tip())
	}
}

// A reader that follows Resume through any sequence of extensions and reorgs ends with exactly the canonical branch.
func TestFollowerConverges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var c Chain
		first := uint64(rapid.IntRange(0, 5).Draw(t, "first"))
		branch := byte(0)
		next := func(start uint64, parent Hash, n int) []Block {
			branch++
			return run(branch, start, parent, n)
		}
		if err := c.Extend(next(first, Hash{}, 1)...); err != nil {
			t.Fatal(err)
		}
		var read []Block // what the follower holds
		follow := func() {
			start := c.First().Number
			if len(read) > 0 {
				last := read[len(read)-1]
				var ok bool
				if start, ok = c.Resume(last.Number, last.Hash); !ok {
					t.Fatalf("a block that was once canonical is unknown")
				}
				read = read[:start-c.First().Number]
			}
			for n := start; n <= c.Tip().Number; n++ {
				b, _ := c.At(n)
				read = append(read, b)
			}
		}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			size := int(c.Tip().Number - c.First().Number)
			switch rapid.IntRange(0, 2).Draw(t, "action") {
			case 0:
				_ = c.Extend(next(c.Tip().Number+1, c.Tip().Hash, rapid.IntRange(1, 4).Draw(t, "n"))...)
			case 1:
				if size > 0 {
					fork := c.Tip().Number - uint64(rapid.IntRange(0, size-1).Draw(t, "depth"))
					before, _ := c.At(fork - 1)
					if err := c.Reorg(fork, next(fork, before.Hash, rapid.IntRange(1, 5).Draw(t, "length"))...); err != nil {
						t.Fatal(err)
					}
				}
			case 2:
				follow()
			}
		}
		follow()
		for i, b := range read {
			if want, _ := c.At(first + uint64(i)); b != want {
				t.Fatalf("follower holds %+v at %d, want %+v", b, first+uint64(i), want)
			}
		}
	})
}
