package sim

import (
	"context"
	"time"

	"github.com/ampgen/ampgen/runtime"
)

// follow is an endless stream, by the rules of the Amp server: it continues after the cursor, or from the fork point if the
// cursor's block left the chain, sends one microbatch after the other, and is silent while there is nothing new.
type follow struct {
	wire
	sent   *block // the last block that the client has, as the server believes; nil: none
	from   uint64 // where the first microbatch starts, if the server is wrong about the cursor; 0: it is not
	shown  *block // the last block of the range that was sent last
	first  *block // the first block of that range
	within bool   // a microbatch was begun and not completed
	hung   bool   // the server has forgotten it
	exact  bool   // the server says exactly where the chain forked, and the client can know that

	completed bool // the last message completed its microbatch
	fresh     bool // none of those before it did, since the stream was opened or the client undid
}

func newFollow(c wire, cursor map[string]runtime.Cursor) *follow {
	f, p, w := &follow{wire: c, fresh: true, exact: true}, c.p, c.p.w
	if w.hit(EmptyRanges) {
		f.queue = []message{{complete: true}, f.end(EmptyRanges)}
	}
	at, ok := cursor[network]
	if !ok {
		if len(cursor) > 0 {
			w.fail("%s sends a cursor of another network: %v", p.name, cursor)
		}
		return f
	}
	f.sent = w.chain.byHash[at.Hash]
	if f.sent == nil || f.sent.number != at.Number {
		w.fail("%s sends a cursor that names no block: %d %s", p.name, at.Number, at.Hash)
		return f
	}
	w.log("%s resumes after %d, which is canonical: %t", p.name, at.Number, w.chain.isCanonical(f.sent))
	canonical, known := w.chain.isCanonical(f.sent), w.chain.at(at.Number) != nil
	switch {
	case w.deep:
	case w.hit(CursorIgnored):
		f.sent, f.exact = nil, false
	case !canonical && known && w.hit(CursorBlind):
		f.from, f.exact = at.Number+1, false
	case !canonical && known && w.hit(ForkForgotten):
		f.from, f.exact = at.Number, false
	}
	return f
}

// Close is runtime.SourceStream's.
func (f *follow) Close() error {
	f.p.stream = nil
	return f.wire.Close()
}

func (f *follow) Next(ctx context.Context) (runtime.Message, error) {
	for call := "reads"; ; call = "waits" {
		if err := f.p.step(ctx, call); err != nil {
			return runtime.Message{}, err
		}
		if call == "waits" && f.p.w.timed {
			f.p.w.pass(15 * time.Second)
		}
		if ctx.Err() != nil {
			return runtime.Message{}, ctx.Err()
		}
		f.p.mustStop()
		if f.hung || len(f.queue) == 0 && f.p.w.hit(Stall) {
			f.hung = true
			continue
		}
		if f.abandons() {
			f.queue = nil
			f.fill(false)
		} else if len(f.queue) == 0 {
			f.fill(f.agree())
		}
		if len(f.queue) > 0 {
			return f.next()
		}
		f.p.w.note(Silence, call == "reads")
	}
}

func (f *follow) next() (runtime.Message, error) {
	w, m := f.p.w, f.queue[0]
	if len(m.ranges) == 1 {
		r := m.ranges[0]
		f.fresh = f.fresh && !f.completed
		f.within, f.completed = !m.complete, m.complete
		f.shown = w.chain.byHash[r.Hash]
		f.first = ancestor(f.shown, r.Start)
		// A stream that begins where the coverage does is read as one whose cursor was ignored.
		f.exact = f.exact && (len(w.store.state) == 0 || r.Start > w.store.state[0].Start)
	}
	if m.sent != nil {
		f.sent = m.sent
	}
	f.exact = f.exact && !m.lie && !m.strict
	return f.deliver()
}

// abandons reports whether the microbatch that is being sent is dropped, because its blocks left the chain.
func (f *follow) abandons() bool {
	w := f.p.w
	if !f.within || w.chain.isCanonical(f.shown) || !w.hit(ForkInUnit) {
		return false
	}
	f.within, f.exact = false, false
	if f.first != nil {
		f.sent = f.first.parent // the client heard that this block follows
	}
	return true
}

// fill queues what comes next: nothing, if the client has the chain up to its tip. agreed says that the client has what the
// server believes that it has, and no open unit.
func (f *follow) fill(agreed bool) {
	w := f.p.w
	for _, fault := range []Fault{EndOK, EndError} {
		if w.hit(fault) {
			f.queue = []message{f.end(fault)}
			return
		}
	}
	before := w.chain.common(f.sent)
	if before != nil && before == f.sent && w.hit(Rewound) {
		before, f.exact = w.startOf(before).parent, false
	}
	start := w.chain.first
	if before != nil {
		start = before.number + 1
	}
	if f.from > 0 {
		start = f.from
	}
	if w.chain.at(start) == nil {
		return
	}
	f.from = 0
	blocks := w.cut(start)
	if m, ok := f.violation(blocks, agreed); ok {
		f.queue = []message{m}
		return
	}
	// A job with history may only want to see whether the stream continues what it has.
	pure := f.p.job.follow && !f.p.job.latest
	f.queue = f.microbatch(blocks, pure && agreed && (f.sent == nil || f.sent.number+1 == start))
	if w.hit(RepeatedMicrobatch) {
		f.queue = append(f.queue, f.microbatch(blocks, false)...)
	}
}

// cut chooses the blocks of the microbatch that starts at a number. The same blocks are mostly cut the same way.
func (w *world) cut(start uint64) []*block {
	first, end := w.chain.at(start), w.chain.tip().number
	if old := w.cuts[first]; w.chain.isCanonical(old) && !w.hit(Recut) {
		end = old.number
	} else {
		end = min(end, start+uint64(w.IntN(w.blocksPerMicrobatch)))
	}
	last := w.chain.at(end)
	w.cuts[first] = last
	return branch(last, start)
}

// startOf is the first block of the microbatch that b was the last block of; b itself if that is not known.
func (w *world) startOf(b *block) *block {
	for first := b; first != nil && b.number-first.number < uint64(w.blocksPerMicrobatch); first = first.parent {
		if w.cuts[first] == b {
			return first
		}
	}
	return b
}

// microbatch is the messages of a microbatch. certain is as in finish.
func (f *follow) microbatch(blocks []*block, certain bool) []message {
	w, r, last := f.p.w, rangeOf(blocks), blocks[len(blocks)-1]
	out := f.split(r, rowsOf(blocks))
	if len(out) > 0 && w.hit(NoCompletion) {
		end := &out[len(out)-1]
		end.sent, end.lie, end.doubles = last, true, true // the same range may follow
		return out
	}
	out = f.finish(out, r, certain)
	for i := range out {
		if out[i].complete {
			out[i].sent = last
		}
	}
	return out
}

// agree reports whether the client has what the server believes that it has.
func (f *follow) agree() bool {
	w := f.p.w
	if !f.exact || f.p.epoch != w.store.epoch {
		return false
	}
	if f.sent == nil {
		return len(w.store.state) == 0
	}
	return w.store.last().Hash == f.sent.hash
}

// violation draws a message about blocks that breaks the rules in a way that the client can see: it agrees with the server on
// what was sent so far.
func (f *follow) violation(blocks []*block, agreed bool) (message, bool) {
	w, r := f.p.w, rangeOf(blocks)
	if f.sent == nil || !agreed {
		return message{}, false
	}
	consecutive := r.Start == f.sent.number+1
	broken := message{strict: true}
	switch {
	case consecutive && len(blocks) > 1 && w.hit(ForwardGap):
		r = rangeOf(blocks[1:])
	case consecutive && w.hit(HashMismatch):
		r.PrevHash = hashOf(7)
		broken = message{lie: true} // as the first message of a stream it looks like a deeper fork, which is looked into
	case consecutive && f.sent.number > w.chain.first && w.hit(BackSameHash):
		r.Start, r.PrevHash = f.sent.number, f.sent.hash
	case r.Start > 0 && w.hit(NoParentHash):
		r.PrevHash = ""
	case w.hit(OtherNetworks):
		other := r
		other.Network = "base"
		broken.ranges = []runtime.Range{other}
		if w.IntN(2) == 0 {
			broken.ranges = []runtime.Range{r, other}
		}
		return broken, true
	default:
		return message{}, false
	}
	broken.ranges = []runtime.Range{r}
	broken.rows = rowsOf(blocks)
	return broken, true
}
