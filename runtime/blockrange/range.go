// Package blockrange has the arithmetic of block ranges: ranges with their hashes, sets of ranges, gaps and partitions.
// It is pure: no clocks, no I/O.
package blockrange

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// Range is an inclusive range of block numbers of one network, as Amp's metadata has it.
type Range struct {
	Network    string
	Start, End uint64 // both inclusive
	// Hash is the hash of block End and PrevHash that of block Start-1, as text exactly as received; empty when unknown.
	Hash, PrevHash string
	// Timestamp is the time of block End in Unix seconds; 0 when unknown. It takes no part in Same. A committed range without a hash
	// has one only if its blocks were so new when they were loaded that they could still leave the chain: it is the time of the
	// server's last block then, or 1.
	Timestamp int64
}

// Same reports whether two ranges are the same blocks of the same branch.
func (r Range) Same(s Range) bool {
	r.Timestamp, s.Timestamp = 0, 0
	return r == s
}

// Blocks is the number of blocks in r. The range of all 2^64 blocks does not occur.
func (r Range) Blocks() uint64 { return r.End - r.Start + 1 }

func (r Range) String() string {
	s := fmt.Sprintf("%s:%d-%d", r.Network, r.Start, r.End)
	if r.Hash != "" {
		s += "@" + r.Hash
	}
	return s
}

// positionHash stands for the end hash of a range whose hash is unknown: the SHA-256 of "network:start:end" in hex. The same
// rule is used by the Python loader, so its state rows can be told apart from proven ones.
func (r Range) positionHash() string {
	sum := sha256.Sum256([]byte(r.Network + ":" + strconv.FormatUint(r.Start, 10) + ":" + strconv.FormatUint(r.End, 10)))
	return hex.EncodeToString(sum[:])
}

// StoredHash is what a state table holds as the end hash: Hash, or the hash of the position when Hash is unknown.
func (r Range) StoredHash() string {
	if r.Hash != "" {
		return r.Hash
	}
	return r.positionHash()
}

// FromStored is the inverse of StoredHash: a range read back from a state table, with an empty Hash if it is unproven.
func FromStored(network string, start, end uint64, storedHash, prevHash string) Range {
	r := Range{Network: network, Start: start, End: end, PrevHash: prevHash}
	if storedHash != r.positionHash() {
		r.Hash = storedHash
	}
	return r
}

// ID is the batch id of r: the first 16 hex digits of the SHA-256 of "network:start:end:hash:prevhash", where an unknown hash
// is replaced by StoredHash and an unknown previous hash is empty. State tables of the Python loader hold the same ids.
func (r Range) ID() string {
	canonical := strings.Join([]string{r.Network, strconv.FormatUint(r.Start, 10), strconv.FormatUint(r.End, 10),
		r.StoredHash(), r.PrevHash}, ":")
	sum := sha256.Sum256([]byte(canonical))
	return hex.EncodeToString(sum[:8])
}

// ID is the row tag of a commit unit: the ids of its ranges in order, joined by "|".
func ID(ranges []Range) string {
	ids := make([]string, len(ranges))
	for i, r := range ranges {
		ids[i] = r.ID()
	}
	return strings.Join(ids, "|")
}
