package amp_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/ampgen/ampgen/runtime/amp"
)

// FuzzCursor: what becomes a header is JSON that reads back as the same position, since the server ignores any other and starts
// over; everything else is refused.
func FuzzCursor(f *testing.F) {
	f.Add("mainnet", uint64(1<<64-1), "0x"+strings.Repeat("aF", 32))
	f.Add("", uint64(0), "0x"+strings.Repeat("00", 32))
	f.Add("base\"\x00\xff", uint64(7), "0x12")
	f.Fuzz(func(t *testing.T, network string, number uint64, hash string) {
		text, err := amp.EncodeCursor(map[string]amp.Cursor{network: {Number: number, Hash: hash}})
		if err != nil {
			return
		}
		var read map[string]struct {
			Number uint64
			Hash   string
		}
		decoder := json.NewDecoder(strings.NewReader(text))
		if err := decoder.Decode(&read); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if at, ok := read[network]; !ok || len(read) != 1 || at.Number != number || at.Hash != hash || len(hash) != 66 || !strings.HasPrefix(hash, "0x") {
			t.Errorf("%q at %d, %q became %s", network, number, hash, text)
		}
		for _, c := range []byte(text) {
			if c < ' ' || c > '~' {
				t.Errorf("a header cannot carry %q", text)
			}
		}
	})
}
