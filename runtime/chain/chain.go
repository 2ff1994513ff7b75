// Package chain decides what each message of a followed stream means for what is stored: whether its rows belong to the next
// commit unit, repeat what is committed, or show that the chain was reorganised. It is a pure state machine: messages in,
// actions out.
//
// The server does not flag a reorganisation. It shows in the ranges: one that starts at or before the committed end replaces
// what was there, and its start is the fork point.
package chain

import (
	"slices"
	"strings"

	"github.com/ampgen/ampgen/runtime/blockrange"
	"github.com/ampgen/ampgen/runtime/fault"
)

// Range is a range of blocks with its hashes.
type Range = blockrange.Range

// Kind is what to do with a message.
type Kind int

// The kinds of actions.
const (
	Ignore Kind = iota // nothing to store: a repetition of what is committed, or no ranges and no rows
	Write              // the message's rows belong to the open unit
	Commit             // as Write, and the unit is complete with it
	NoData             // the server has nothing yet and ends the stream: wait and open again
	Reopen             // the chain changed within the unfinished microbatch: drop the open unit and open the stream again
	Undo               // drop the open unit and undo Forks; nothing of the message may be stored before that is done
)

func (k Kind) String() string {
	return [...]string{"ignore", "write", "commit", "no data", "reopen", "undo"}[k]
}

// Action is what to do with a message.
type Action struct {
	Kind  Kind
	Forks []Fork // for Undo: one per network that was reorganised
}

// Fork is a reorganisation of one network.
type Fork struct {
	Network string
	// From is the first block that is to go. Within a committed range the server is taken at its word, since the hashes of the
	// blocks in it are not known. At a boundary of committed ranges it is checked.
	From uint64
	// Hash is the hash of block From-1 on the surviving chain; empty when unknown or From is 0.
	Hash string
	// Deeper says that the chains part somewhere below From: after the undo the stream is to be opened again from there.
	// Otherwise the message that showed the fork continues at From.
	Deeper bool
	// Committed is the range that does not fit, and Incoming the one that showed it.
	Committed, Incoming Range
}

// Tracker follows one stream. Create it with New for what is committed, and give it each message in order.
type Tracker struct {
	committed map[block]Range  // by last block
	last      map[string]Range // of each network, the committed range with the greatest end
	open      []Range          // the unfinished microbatch; nil between two
	repeated  bool             // open repeats what is committed
	connected bool             // a range of this connection was accepted
}

type block struct {
	network string
	number  uint64
}

// New starts from the committed ranges. It refuses a boundary without a hash, since what follows it could not be told from a
// fork.
func New(committed []Range) (*Tracker, error) {
	t := &Tracker{committed: map[block]Range{}, last: map[string]Range{}}
	for _, r := range committed {
		t.accept(r)
	}
	for _, r := range t.last {
		if r.Hash == "" {
			return nil, fault.Errorf(fault.Permanent, "continue the stream", "network "+r.Network,
				"the last committed range %s was loaded by block numbers and has no hash, so it cannot be told whether the chain still continues it", r)
		}
	}
	return t, nil
}

// Boundaries are the ranges that the stream continues, one per network, by network.
func (t *Tracker) Boundaries() []Range {
	var out []Range
	for _, r := range t.last {
		out = append(out, r)
	}
	slices.SortFunc(out, func(a, b Range) int { return strings.Compare(a.Network, b.Network) })
	return out
}

// Reconnect says that the stream was opened again with Boundaries as the cursor. The unfinished microbatch is forgotten.
func (t *Tracker) Reconnect() { t.open, t.repeated, t.connected = nil, false, false }

// Step takes the ranges of the next message, whether it completes its microbatch, and its number of rows. An error says how
// the message breaks the rules of the protocol; nothing of it may be stored, and the stream is over. With Commit the ranges
// count as committed from here on.
func (t *Tracker) Step(in []Range, complete bool, rows int64) (Action, error) {
	if len(in) == 0 {
		return t.withoutRanges(complete, rows)
	}
	if err := checkMessage(in); err != nil {
		return Action{}, err
	}
	before := t.Boundaries()
	if t.open != nil {
		before = t.open
	}
	if err := checkNetworks(before, in); err != nil {
		return Action{}, err
	}
	if t.open == nil {
		return t.begin(in, complete)
	}
	if sameRanges(t.open, in) {
		return t.proceed(complete), nil
	}
	return t.interrupt(in)
}

func (t *Tracker) withoutRanges(complete bool, rows int64) (Action, error) {
	switch {
	case rows > 0:
		return Action{}, violation("", "%d rows came without a block range", rows)
	case t.open != nil:
		return Action{}, violation("", "a message without a block range came within the microbatch %s", text(t.open))
	case complete:
		return Action{Kind: NoData}, nil
	}
	return Action{Kind: Ignore}, nil
}

// begin takes the first message of a microbatch.
func (t *Tracker) begin(in []Range, complete bool) (Action, error) {
	t.repeated = !slices.ContainsFunc(in, func(r Range) bool { return !t.has(r) })
	if !t.repeated {
		forks, err := t.forks(in)
		if err != nil {
			return Action{}, err
		}
		if len(forks) > 0 {
			return Action{Kind: Undo, Forks: forks}, nil
		}
	}
	t.open, t.connected = slices.Clone(in), true
	return t.proceed(complete), nil
}

// proceed takes a message of the open microbatch.
func (t *Tracker) proceed(complete bool) Action {
	kind := Write
	if complete {
		kind = Commit
		for _, r := range t.open {
			if !t.has(r) {
				t.accept(r)
			}
		}
		t.open = nil
	}
	if t.repeated {
		kind = Ignore
	}
	return Action{Kind: kind}
}

// interrupt takes a message of other ranges than the microbatch that is open.
func (t *Tracker) interrupt(in []Range) (Action, error) {
	for _, r := range in {
		open := find(t.open, r.Network)
		switch {
		case open.Same(r):
		case r.Start > open.End:
			return Action{}, violation(r.Network, "range %s came before the microbatch %s was complete", r, open)
		case r.PrevHash == open.Hash:
			return Action{}, violation(r.Network, "range %s goes back in %s but claims to continue it", r, open)
		}
	}
	t.open = nil
	forks, err := t.forks(in)
	if err != nil {
		// What does not fit to the boundary, such as a start within the dropped microbatch, is settled from the boundary.
		return Action{Kind: Reopen}, nil
	}
	if len(forks) > 0 {
		return Action{Kind: Undo, Forks: forks}, nil
	}
	return Action{Kind: Reopen}, nil
}

// forks compares ranges that do not all repeat what is committed with what is committed. No forks: they continue it.
func (t *Tracker) forks(in []Range) ([]Fork, error) {
	var forks []Fork
	for _, r := range in {
		last, known := t.last[r.Network]
		if !known || t.has(r) {
			continue
		}
		if r.Start > last.End && r.Start-last.End > 1 {
			return nil, violation(r.Network, "blocks %d to %d are missing between the committed range %s and %s", last.End+1, r.Start-1, last, r)
		}
		back := r.Start <= last.End
		if back && r.PrevHash == last.Hash {
			return nil, violation(r.Network, "range %s goes back in %s but claims to continue it", r, last)
		}
		below, found := t.committed[block{r.Network, r.Start - 1}]
		switch {
		case found && r.Start > 0 && below.Hash != "" && below.Hash != r.PrevHash:
			if !back && t.connected {
				return nil, violation(r.Network, "range %s does not continue %s, which came before it: its parent hash is %s", r, below, r.PrevHash)
			}
			forks = append(forks, Fork{Network: r.Network, From: below.Start, Hash: realHash(below.PrevHash), Deeper: true, Committed: below, Incoming: r})
		case back:
			forks = append(forks, Fork{Network: r.Network, From: r.Start, Hash: realHash(r.PrevHash), Committed: last, Incoming: r})
		}
	}
	return forks, nil
}

func (t *Tracker) has(r Range) bool { return t.committed[block{r.Network, r.End}].Same(r) }

func (t *Tracker) accept(r Range) {
	t.committed[block{r.Network, r.End}] = r
	if last, ok := t.last[r.Network]; !ok || r.End > last.End {
		t.last[r.Network] = r
	}
}

// checkMessage checks the ranges of one message by themselves.
func checkMessage(in []Range) error {
	for i, r := range in {
		switch {
		case find(in[:i], r.Network).Network != "":
			return violation(r.Network, "the network occurs twice in one message")
		case r.Start > r.End:
			return violation(r.Network, "range %s ends before it starts", r)
		case r.Hash == "":
			return violation(r.Network, "range %s has no hash", r)
		case r.Start == 0 && realHash(r.PrevHash) != "":
			return violation(r.Network, "range %s starts the chain but has the parent hash %s", r, r.PrevHash)
		case r.Start > 0 && realHash(r.PrevHash) == "":
			return violation(r.Network, "range %s has no parent hash", r)
		}
	}
	return nil
}

// checkNetworks checks that a message has the networks of the one before.
func checkNetworks(before, in []Range) error {
	if len(before) == 0 {
		return nil
	}
	for _, r := range in {
		if find(before, r.Network).Network == "" {
			return violation(r.Network, "the network was not part of the stream before: %s", text(before))
		}
	}
	if len(in) != len(before) {
		return violation("", "the stream had %d networks and now has %d: %s", len(before), len(in), text(in))
	}
	return nil
}

func violation(network, format string, args ...any) error {
	if network != "" {
		network = "network " + network
	}
	return fault.Errorf(fault.Protocol, "check block ranges", network, format, args...)
}

func find(ranges []Range, network string) Range {
	for _, r := range ranges {
		if r.Network == network {
			return r
		}
	}
	return Range{}
}

// sameRanges compares as sets: the order of networks means nothing.
func sameRanges(a, b []Range) bool {
	for _, r := range b {
		if !find(a, r.Network).Same(r) {
			return false
		}
	}
	return len(a) == len(b)
}

// realHash is hash, or empty for the zero hash that stands for the parent of the first block.
func realHash(hash string) string {
	if strings.Trim(strings.TrimPrefix(hash, "0x"), "0") == "" {
		return ""
	}
	return hash
}

func text(ranges []Range) string {
	parts := make([]string, len(ranges))
	for i, r := range ranges {
		parts[i] = r.String()
	}
	return strings.Join(parts, ", ")
}
