// Package chain decides what each message of a followed stream means for what is stored: whether its rows belong to the next
// commit unit, repeat what is committed, or show that the chain was reorganised. It is a pure state machine: messages and
// committed ranges in, actions out.
//
// The server does not flag a reorganisation. It shows in the ranges: one that starts at or before the committed end replaces
// what was there, and its start is the fork point. What may follow on what is the protocol's; in short, within one connection
// a range either repeats the one before it, continues it (number and parent hash), or goes back with a parent hash that is not
// the end of the one before.
//
// The first range of a connection answers the cursor, and the server ignores a cursor that it cannot read, so that range is
// held against what is committed. What a range is can be known only where it meets a committed boundary, since the hashes of
// the blocks between two boundaries are unknown:
//
//   - It ends at a boundary and has its hash: it is of the same branch, and so are all blocks before it. It repeats what is
//     committed, whichever way its microbatches were cut, and nothing of it is stored.
//   - It starts right after a boundary whose hash is not its parent: the fork is deeper than the server said. The range of that
//     boundary goes, and the stream is opened again before it.
//   - Otherwise it goes back to a block whose hash is not known here, and is taken at its word: the fork is at its start.
//
// Two answers are not taken at their word. A first range that starts with the very block of the cursor, inside a committed
// range, may come from a server that no longer has the abandoned branch and could not find the fork: the whole committed range
// goes, so that the boundary before it tells. And a first range that would undo everything committed, but ends below the
// committed end, is more likely the start of a stream whose cursor was ignored: its rows, and those that follow, are passed
// over until one of them meets a boundary or reaches the committed end. If a hash tells that the branch is the same, everything up to it is; if
// it differs, or the end is reached without a word, everything above the last proven block goes and is read again. Rows are
// never doubled by this, and at worst some are loaded again.
package chain

import (
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
	Undo               // drop the open unit and undo Fork; nothing of the message may be stored before that is done
)

func (k Kind) String() string {
	return [...]string{"ignore", "write", "commit", "no data", "reopen", "undo"}[k]
}

// Action is what to do with a message.
type Action struct {
	Kind Kind
	Fork Fork // for Undo
}

// Fork is a reorganisation of committed blocks.
type Fork struct {
	Network string
	// From is the first block that is to go.
	From uint64
	// Hash is the hash of block From-1 on the surviving chain; empty when unknown or From is 0.
	Hash string
	// Deeper says that the message that showed the fork does not start at From: after the undo the stream is to be opened again
	// from what is committed then. Otherwise the same message continues at From, with the tracker that Resume makes.
	Deeper bool
	// Committed is the range that does not fit, and Incoming the one that showed it.
	Committed, Incoming Range
}

// Tracker follows one connection. Create it with New for what is committed, and give it each message in order.
type Tracker struct {
	lines   map[string]*line // what is committed, by network
	network string           // of the stream; empty before the first range
	before  Range            // the last complete range of this connection; zero if there was none
	open    Range            // the unfinished microbatch; zero between two
	repeats bool             // open repeats what is committed
	replay  replay
}

// replay is the state of a connection on which the server sends again what is committed.
type replay struct {
	on     bool
	proven Range // the last committed range that was seen to be of the server's branch; zero if none was
}

// New starts with the committed ranges, in any order. It refuses them if no network has a hash at its end, since what follows
// could not be told from a fork.
func New(committed []Range) (*Tracker, error) {
	for _, r := range committed {
		if r.Start > r.End {
			return nil, fault.Errorf(fault.Permanent, "continue the stream", "network "+r.Network, "the sink's state has the range %s, which ends before it starts", r)
		}
	}
	t := &Tracker{lines: newLines(committed)}
	var unproven *line
	for _, l := range t.lines {
		if l.last.Hash != "" {
			return t, nil
		}
		unproven = l
	}
	if unproven != nil {
		return nil, errUnproven(unproven.last)
	}
	return t, nil
}

// Loading says that blocks from a number on, up to what is committed, are being loaded by others. A range that starts above it shows
// a fork there, and not the beginning of a stream.
func (t *Tracker) Loading(from uint64) {
	for _, l := range t.lines {
		l.base = min(l.base, from)
	}
}

// Resume goes on with a connection after a fork that is not Deeper; committed is what is committed once that is undone. The
// message that showed the fork is to be given again.
func Resume(committed []Range, f Fork) *Tracker {
	t := &Tracker{lines: newLines(committed), network: f.Network}
	if f.From == 0 {
		delete(t.lines, f.Network)
		return t
	}
	below := f.From - 1
	l := t.lines[f.Network]
	if l == nil {
		l = &line{}
		t.lines[f.Network] = l
	}
	if l.last.End != below || l.last.Hash == "" {
		// Nothing is committed right below the fork point, or nobody knew of what branch: it is the position all the same.
		l.last, l.base = Range{Network: f.Network, Start: below, End: below, Hash: f.Hash}, below
	}
	return t
}

func errUnproven(r Range) error {
	return fault.Errorf(fault.Permanent, "continue the stream", "network "+r.Network,
		"the last committed range %s was loaded by block numbers and has no hash, so it cannot be told whether the chain still continues it", r)
}

// Boundaries are the ranges that the stream continues, by network: where the cursor is. Ranges without a hash are left out.
func (t *Tracker) Boundaries() []Range { return boundaries(t.lines) }

// Step takes the ranges of the next message, whether it completes its microbatch, and its number of rows. An error says how
// the message breaks the rules of the protocol; nothing of it may be stored, and the stream is over. With Commit the range
// counts as committed from here on.
func (t *Tracker) Step(in []Range, complete bool, rows int64) (Action, error) {
	if len(in) == 0 {
		return t.withoutRange(complete, rows)
	}
	r := in[0]
	if err := t.checkMessage(in); err != nil {
		return Action{}, err
	}
	switch {
	case t.open.Same(r):
		return t.proceed(complete), nil
	case t.open != (Range{}):
		return t.interrupt(r)
	}
	return t.begin(r, complete)
}

func (t *Tracker) withoutRange(complete bool, rows int64) (Action, error) {
	switch {
	case rows > 0:
		return Action{}, violation("", "%d rows came without a block range", rows)
	case t.open != (Range{}):
		return Action{}, violation(t.network, "a message without a block range came within the microbatch %s", t.open)
	case complete:
		return Action{Kind: NoData}, nil
	}
	return Action{Kind: Ignore}, nil
}

// checkMessage checks the ranges of one message by themselves, and that they are of the stream's network.
func (t *Tracker) checkMessage(in []Range) error {
	r := in[0]
	switch {
	case len(in) > 1:
		return violation("", "a followed query has one network, and a message came with the ranges %s", text(in))
	case r.Start > r.End:
		return violation(r.Network, "range %s ends before it starts", r)
	case r.Hash == "":
		return violation(r.Network, "range %s has no hash", r)
	case r.Start == 0 && realHash(r.PrevHash) != "":
		return violation(r.Network, "range %s starts the chain but has the parent hash %s", r, r.PrevHash)
	case r.Start > 0 && realHash(r.PrevHash) == "":
		return violation(r.Network, "range %s has no parent hash", r)
	case t.network == r.Network:
		return nil
	case t.network != "":
		return violation(r.Network, "range %s came in a stream of network %s", r, t.network)
	}
	l, known := t.lines[r.Network]
	switch {
	case known && l.last.Hash == "":
		return errUnproven(l.last)
	case !known && len(t.lines) > 0:
		return violation(r.Network, "range %s came, but what is committed is of another network: %s", r, text(t.Boundaries()))
	}
	t.network = r.Network
	return nil
}

// begin takes the first message of a microbatch.
func (t *Tracker) begin(r Range, complete bool) (Action, error) {
	if err := t.checkOrder(r); err != nil {
		return Action{}, err
	}
	kind, fork := t.judge(r)
	if kind == Undo {
		return Action{Kind: Undo, Fork: fork}, nil
	}
	t.open, t.repeats = r, kind == Ignore
	return t.proceed(complete), nil
}

// proceed takes a message of the open microbatch.
func (t *Tracker) proceed(complete bool) Action {
	kind := Write
	if complete {
		kind = Commit
	}
	if t.repeats {
		kind = Ignore
	} else if complete {
		t.accept(t.open)
	}
	if complete {
		t.before, t.open = t.open, Range{}
	}
	return Action{Kind: kind}
}

func (t *Tracker) accept(r Range) {
	l := t.lines[r.Network]
	if l == nil {
		l = &line{}
		t.lines[r.Network] = l
	}
	l.add(r)
}

// interrupt takes a range that differs from the microbatch that is open.
func (t *Tracker) interrupt(r Range) (Action, error) {
	switch {
	case r.Start > t.open.End:
		return Action{}, violation(r.Network, "range %s came before the microbatch %s was complete", r, t.open)
	case r.PrevHash == t.open.Hash:
		return Action{}, violation(r.Network, "range %s goes back in %s but claims to continue it", r, t.open)
	}
	// What does not undo anything, such as a start within the dropped microbatch, is settled by reading from the boundary again.
	if l := t.lines[r.Network]; l != nil && r.Start <= l.next() {
		t.open = Range{}
		if kind, fork := t.judge(r); kind == Undo {
			return Action{Kind: Undo, Fork: fork}, nil
		}
	}
	return Action{Kind: Reopen}, nil
}

// checkOrder checks that r may follow on the range before it on this connection, or on the cursor.
func (t *Tracker) checkOrder(r Range) error {
	last, source := t.before, "range"
	if last == (Range{}) {
		l := t.lines[r.Network]
		if l == nil {
			return nil
		}
		last, source = l.last, "committed range"
	}
	switch {
	case r.Same(last):
		return nil
	case r.Start > last.End && r.Start-last.End > 1:
		return violation(r.Network, "blocks %d to %d are missing between the %s %s and %s", last.End+1, r.Start-1, source, last, r)
	case r.Start > last.End && r.PrevHash != last.Hash && t.before != (Range{}):
		return violation(r.Network, "range %s does not continue %s, which came before it: its parent hash is %s", r, last, r.PrevHash)
	case r.Start <= last.End && r.PrevHash == last.Hash:
		return violation(r.Network, "range %s goes back in %s but claims to continue it", r, last)
	}
	return nil
}

func violation(network, format string, args ...any) error {
	if network != "" {
		network = "network " + network
	}
	return fault.Errorf(fault.Protocol, "check block ranges", network, format, args...)
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
