package blockrange_test

import (
	"testing"

	"github.com/ampgen/ampgen/runtime/blockrange"
)

// FuzzFromStored: whatever a state table holds reads as a range that is stored as the same again, and is unproven only if its hash
// is that of its position.
func FuzzFromStored(f *testing.F) {
	f.Add("ethereum", uint64(100), uint64(200), "3a82a919a731966e120cc85fa51bbb9e316ea0bc4400fe719b5232a3b8df50f5", "")
	f.Add("eth_firehose.logs", uint64(0), uint64(1000000), "c110e0cdf222c92306838dcc6151979d0e8606bce090e4656ab36b1ea9280d4b", "0xdef")
	f.Add("mainnet", uint64(7), uint64(5), "0xabc", "0xdef")
	f.Add("", uint64(1<<64-1), uint64(1<<64-1), "", ":")
	f.Fuzz(func(t *testing.T, network string, start, end uint64, hash, prev string) {
		r := blockrange.FromStored(network, start, end, hash, prev)
		if hash == "" {
			return // a row without a hash reads as unproven and is written with the hash of its position
		}
		if r.StoredHash() != hash || r.Network != network || r.Start != start || r.End != end || r.PrevHash != prev {
			t.Errorf("%q %d-%d %q %q reads as %+v", network, start, end, hash, prev, r)
		}
		position := blockrange.Range{Network: network, Start: start, End: end}
		if (r.Hash == "") != (hash == position.StoredHash()) {
			t.Errorf("%q is taken for a proven hash: %t", hash, r.Hash != "")
		}
		if again := blockrange.FromStored(network, start, end, r.StoredHash(), prev); again != r || len(r.ID()) != 16 {
			t.Errorf("%+v, stored and read, is %+v, id %s", r, again, r.ID())
		}
	})
}
