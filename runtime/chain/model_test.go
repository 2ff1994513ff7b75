package chain_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/ampgen/ampgen/runtime/blockrange"
	"github.com/ampgen/ampgen/runtime/chain"
)

// TestAgainstModel follows a chain that grows and reorganises, over a connection that breaks, and does what the tracker says
// with a naive store of one hash per block. After each commit the store must be one unbroken branch, and in the end the chain.
func TestAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &model{t: t, parent: map[string]string{}}
		m.mine(3)
		m.connect()
		t.Repeat(map[string]func(*rapid.T){
			"mine":    func(t *rapid.T) { m.mine(rapid.IntRange(1, 5).Draw(t, "blocks")) },
			"reorg":   func(t *rapid.T) { m.reorg(rapid.IntRange(1, min(6, len(m.chain))).Draw(t, "depth")) },
			"deliver": func(t *rapid.T) { m.deliver() },
			"break":   func(t *rapid.T) { m.connect() },
			"":        func(t *rapid.T) { m.check() },
		})
		m.honest = true
		m.mine(max(1, len(m.store)+1-len(m.chain))) // a chain that stays shorter than it was is told from a replay only when it grows
		for range 100 {
			m.deliver()
		}
		m.check()
		if !slices.Equal(m.store, m.chain) {
			t.Fatalf("in the end the store is %v, the chain %v", m.store, m.chain)
		}
	})
}

type model struct {
	t      *rapid.T
	made   int               // blocks so far, for unique hashes
	parent map[string]string // of every block that ever was
	chain  []string          // the hashes of the canonical chain, by number

	// the server's side of the connection
	honest bool     // it follows the rules of the cursor from now on
	sent   []string // what the client has seen of the chain, as the server believes
	open   *Range   // the unfinished microbatch, on the chain as it was
	rows   []string // and its blocks

	// the client
	tracker   *chain.Tracker
	committed []Range
	store     []string // the hash of each stored block, by number
	pending   []string
}

func (m *model) mine(n int) {
	for range n {
		m.made++
		hash := fmt.Sprintf("h%d", m.made)
		if len(m.chain) > 0 {
			m.parent[hash] = m.chain[len(m.chain)-1]
		}
		m.chain = append(m.chain, hash)
	}
}

func (m *model) reorg(depth int) {
	m.chain = slices.Clone(m.chain[:len(m.chain)-depth])
	m.mine(rapid.IntRange(1, depth+2).Draw(m.t, "new blocks"))
}

// connect opens the stream at what is committed. A dishonest server ignores the cursor, or does not see that its hash left the
// chain.
func (m *model) connect() {
	m.newTracker()
	m.pending, m.open = nil, nil
	m.sent = slices.Clone(m.store)
	if m.honest {
		return
	}
	switch rapid.SampledFrom([]string{"right", "right", "no cursor", "blind"}).Draw(m.t, "server") {
	case "no cursor":
		m.sent = nil
	case "blind":
		if len(m.store) < len(m.chain) {
			m.sent = slices.Clone(m.chain[:len(m.store)])
			m.deliver()
		}
	}
}

func (m *model) newTracker() {
	var err error
	if m.tracker, err = chain.New(m.committed); err != nil {
		m.t.Fatal(err)
	}
}

// deliver sends one message, if the server has something to send, and does what the tracker says.
func (m *model) deliver() {
	if m.open == nil && !m.startMicrobatch() {
		return
	}
	r := *m.open
	complete := m.honest || rapid.Bool().Draw(m.t, "complete")
	if !complete && rapid.IntRange(0, 3).Draw(m.t, "abandon") == 0 && m.startMicrobatch() {
		r = *m.open // the chain moved within the microbatch; the same range again if it did not
	}
	if complete {
		m.sent, m.open = append(m.sent[:r.Start:r.Start], m.rows...), nil
	}
	m.receive(r, m.rows, complete)
}

// startMicrobatch begins at the first block that the client has not seen, or not as it is now.
func (m *model) startMicrobatch() bool {
	from := 0
	for from < len(m.sent) && from < len(m.chain) && m.sent[from] == m.chain[from] {
		from++
	}
	if from == len(m.chain) {
		return false // nothing new; a chain that only got shorter is silent
	}
	to := min(from+rapid.IntRange(0, 4).Draw(m.t, "length"), len(m.chain)-1)
	if m.honest {
		to = len(m.chain) - 1
	}
	if m.open != nil && uint64(from) > m.open.Start {
		from = int(m.open.Start)
	}
	r := Range{Network: "mainnet", Start: uint64(from), End: uint64(to), Hash: m.chain[to]}
	if from > 0 {
		r.PrevHash = m.chain[from-1]
	}
	m.open, m.rows = &r, slices.Clone(m.chain[from:to+1])
	return true
}

func (m *model) receive(r Range, rows []string, complete bool) {
	action, err := m.tracker.Step([]Range{r}, complete, int64(len(rows)))
	if err != nil {
		m.connect() // as a loader does: the message is dropped
		return
	}
	switch action.Kind {
	case chain.Write:
		m.pending = rows
	case chain.Commit:
		if int(r.Start) != len(m.store) {
			m.t.Fatalf("commit of %v onto %d blocks", r, len(m.store))
		}
		m.store = append(m.store, rows...)
		m.committed = append(m.committed, r)
		m.pending = nil
	case chain.Reopen:
		m.connect()
	case chain.Undo:
		m.undo(action.Fork)
		if action.Fork.Deeper {
			m.connect()
			return
		}
		m.tracker = chain.Resume(m.committed, action.Fork)
		m.receive(r, rows, complete)
	}
}

// undo removes the blocks from the fork point on and cuts the range that contains it.
func (m *model) undo(f chain.Fork) {
	m.pending = nil
	m.store = m.store[:f.From]
	var kept []Range
	for _, r := range m.committed {
		if r.Start >= f.From {
			continue
		}
		if r.End >= f.From {
			r.End, r.Hash = f.From-1, f.Hash
		}
		kept = append(kept, r)
	}
	m.committed = kept
}

// check holds the store against the tree of blocks and the committed ranges.
func (m *model) check() {
	for i := 1; i < len(m.store); i++ {
		if m.parent[m.store[i]] != m.store[i-1] {
			m.t.Fatalf("block %d is %s, whose parent is not %s", i, m.store[i], m.store[i-1])
		}
	}
	covered := blockrange.Cover("mainnet", m.committed)
	if covered.Blocks() != uint64(len(m.store)) {
		m.t.Fatalf("%d blocks are stored, covered are %v", len(m.store), covered)
	}
	for _, r := range m.committed {
		if m.store[r.End] != r.Hash {
			m.t.Fatalf("range %v ends with block %s", r, m.store[r.End])
		}
	}
}
