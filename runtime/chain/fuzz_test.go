package chain_test

import (
	"fmt"
	"testing"

	"github.com/ampgen/ampgen/runtime/chain"
)

// FuzzTracker: from any state, and whatever the server sends, a range is taken for the next one only if it continues what is
// committed, and an undo is of committed blocks.
func FuzzTracker(f *testing.F) {
	f.Add([]byte{0, 9, 1, 0, 10, 19, 1, 1}, []byte{20, 29, 1, 1, 1})
	f.Add([]byte{0, 9, 1, 0, 10, 19, 1, 1}, []byte{15, 25, 2, 1, 1, 15, 25, 2, 1, 1})
	f.Add([]byte{0, 9, 0, 0}, []byte{0, 255, 0, 0, 0})
	f.Fuzz(func(t *testing.T, state, messages []byte) {
		// The hash of a block is its number and one of three branches.
		hash := func(n int, branch byte) string {
			if branch%4 == 0 || n < 0 {
				return ""
			}
			return fmt.Sprint(branch%4, "-", n)
		}
		at := func(b []byte) Range {
			start, end := int(b[0]), int(b[1])
			return rng(uint64(start), uint64(end), hash(end, b[2]), hash(start-1, b[3]))
		}
		var committed []Range
		for ; len(state) >= 4; state = state[4:] {
			committed = append(committed, at(state))
		}
		tracker, err := chain.New(committed)
		if err != nil {
			return
		}
		for ; len(messages) >= 5; messages = messages[5:] {
			before, r := tracker.Boundaries(), at(messages)
			action, err := tracker.Step([]Range{r}, messages[4]&1 == 1, 1)
			if err != nil {
				return
			}
			if len(before) == 0 {
				continue
			}
			last := before[0]
			switch action.Kind {
			case chain.Write, chain.Commit:
				if r.Start != last.End+1 || r.PrevHash != last.Hash {
					t.Fatalf("%+v is to be stored after %+v", r, last)
				}
			case chain.Undo:
				if action.Fork.From > last.End || !action.Fork.Deeper && action.Fork.From != r.Start {
					t.Fatalf("%+v after %+v undoes %+v", r, last, action.Fork)
				}
				return
			case chain.Reopen:
				return
			}
		}
	})
}
