package blockrange

import "testing"

// The vectors were produced by the Python loader's own code; the ids must stay equal byte for byte.
func TestIDMatchesThePythonLoader(t *testing.T) {
	const zero = "0x0000000000000000000000000000000000000000000000000000000000000000"
	const ones = "0xffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
	for _, c := range []struct {
		r    Range
		want string
	}{
		{Range{Network: "ethereum", Start: 100, End: 200, Hash: "0xabc", PrevHash: "0xdef"}, "c5c1a9f2119fe03e"},
		{Range{Network: "ethereum", Start: 100, End: 200, Hash: "0xabc"}, "a010a4150071bfe6"},
		{Range{Network: "ethereum", Start: 100, End: 200}, "77deeab2d0831602"},
		{Range{Network: "ethereum", Start: 100, End: 200, PrevHash: "0xdef"}, "8cdc8ab0fca865d9"},
		{Range{Network: "eth_firehose.logs", Start: 0, End: 1000000}, "d5af666478b70745"},
		{Range{Network: "polygon", Hash: ones, PrevHash: zero}, "1f94ed9dd00889b2"},
		{Range{Network: "eth", Start: 0, End: 9, Hash: "h"}, "4a9714a06c87a521"},
		{Range{Network: "eth", Start: 100, End: 200, Hash: "0xa"}, "cd6c7b5aad8bf448"},
	} {
		if got := c.r.ID(); got != c.want {
			t.Errorf("ID(%v) = %s, want %s", c.r, got, c.want)
		}
		back := FromStored(c.r.Network, c.r.Start, c.r.End, c.r.StoredHash(), c.r.PrevHash)
		if back != c.r {
			t.Errorf("FromStored gave %+v, want %+v", back, c.r)
		}
	}
}

func TestIDOfSeveralNetworksJoinsInOrder(t *testing.T) {
	a := Range{Network: "eth", Start: 0, End: 9, Hash: "h"}
	b := Range{Network: "eth", Start: 100, End: 200, Hash: "0xa"}
	if got, want := ID([]Range{b, a}), "cd6c7b5aad8bf448|4a9714a06c87a521"; got != want {
		t.Errorf("ID = %s, want %s", got, want)
	}
}
