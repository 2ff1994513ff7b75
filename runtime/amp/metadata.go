package amp

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/ampgen/ampgen/runtime/blockrange"
)

// appMetadata is the JSON beside each record batch. Unknown keys are ignored; pointers tell an absent number from zero.
type appMetadata struct {
	Ranges []struct {
		Network string `json:"network"`
		Numbers struct {
			Start *uint64 `json:"start"`
			End   *uint64 `json:"end"`
		} `json:"numbers"`
		Hash      string `json:"hash"`
		PrevHash  string `json:"prev_hash"` // null and absent read as empty: older servers
		Timestamp int64  `json:"timestamp"`
	} `json:"ranges"`
	Complete bool `json:"ranges_complete"`
}

// decodeMetadata reads the ranges and the completion mark of a message. A message without metadata has neither. Block numbers
// are exact over all of uint64.
func decodeMetadata(text []byte) (ranges []blockrange.Range, complete bool, err error) {
	if len(text) == 0 {
		return nil, false, nil
	}
	var m appMetadata
	if err := json.Unmarshal(text, &m); err != nil {
		return nil, false, fmt.Errorf("metadata is not the JSON that Amp sends: %w", err)
	}
	if len(m.Ranges) == 0 {
		return nil, m.Complete, nil
	}
	ranges = make([]blockrange.Range, len(m.Ranges))
	for i, r := range m.Ranges {
		switch {
		case r.Network == "":
			return nil, false, errors.New("metadata has a range without a network")
		case r.Numbers.Start == nil || r.Numbers.End == nil:
			return nil, false, fmt.Errorf("metadata has a range of %s without its block numbers", r.Network)
		case *r.Numbers.Start > *r.Numbers.End:
			return nil, false, fmt.Errorf("metadata has a range of %s that starts at %d and ends before, at %d",
				r.Network, *r.Numbers.Start, *r.Numbers.End)
		}
		ranges[i] = blockrange.Range{Network: r.Network, Start: *r.Numbers.Start, End: *r.Numbers.End,
			Hash: r.Hash, PrevHash: r.PrevHash, Timestamp: r.Timestamp}
	}
	return ranges, m.Complete, nil
}

// encodeCursor is the text of the amp-resume header. The server ignores what it cannot read and starts over, so a cursor
// that it would not read is an error here.
func encodeCursor(cursor map[string]Cursor) (string, error) {
	type position struct {
		Number uint64 `json:"number"`
		Hash   string `json:"hash"`
	}
	positions := make(map[string]position, len(cursor))
	for network, c := range cursor {
		if !isBlockHash(c.Hash) {
			return "", fmt.Errorf("cannot resume %q after block %d: %q is not a block hash (0x and 64 hex digits)", network, c.Number, c.Hash)
		}
		if network == "" || strings.ContainsFunc(network, func(r rune) bool { return r < ' ' || r > '~' }) {
			return "", fmt.Errorf("cannot resume network %q: a header cannot carry its name", network)
		}
		positions[network] = position(c)
	}
	text, err := json.Marshal(positions)
	return string(text), err
}

func isBlockHash(s string) bool {
	if len(s) != 66 || s[:2] != "0x" {
		return false
	}
	for _, c := range []byte(s[2:]) {
		if !(c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F') {
			return false
		}
	}
	return true
}
