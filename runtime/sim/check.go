package sim

import (
	"fmt"
	"slices"

	"github.com/ampgen/ampgen/runtime"
)

// visible checks what readers of the store see now. It is called after every commit that changed something; p made it.
func (w *world) visible(p *process) {
	if p.epoch != w.store.epoch {
		w.fail("%s commits, and %s has the fence", p.name, w.store.holder)
	}
	if err := w.checkStore(); err != nil {
		w.fail("%w", err)
	}
}

// checkStore holds the store against the tree of blocks: its rows are exactly those of its own coverage, on the branch that its
// hashes name, and its coverage is one branch. A stream's coverage has no gaps and is proven throughout.
func (w *world) checkStore() error {
	s, ranges := w.store, w.store.ranges()
	blocks, rows := 0, 0
	for i, r := range ranges {
		if r.Start > r.End || r.Start < w.chain.first {
			return fmt.Errorf("coverage has the impossible range %v", r)
		}
		if i > 0 {
			if err := w.checkSeam(ranges[i-1], r); err != nil {
				return err
			}
		}
		n, err := w.checkRange(r)
		if err != nil {
			return err
		}
		blocks, rows = blocks+int(r.Blocks()), rows+n
	}
	stored := 0
	for number, of := range s.rows {
		stored += len(of)
		for _, x := range of {
			if u := s.units[x.batch]; x.block != number || number < u.Start || number > u.End {
				return fmt.Errorf("a row of block %d is tagged with the batch %s, which covered %v", number, x.batch, u)
			}
		}
	}
	if stored != rows {
		return fmt.Errorf("%d rows are stored, the %d covered blocks have %d", stored, blocks, rows)
	}
	w.report.Checks++
	return nil
}

// checkSeam checks two neighbours in the coverage.
func (w *world) checkSeam(a, b runtime.Range) error {
	switch {
	case a.End >= b.Start:
		return fmt.Errorf("coverage overlaps: %v and %v", a, b)
	case w.job.follow && !w.job.latest && a.End+1 != b.Start:
		return fmt.Errorf("coverage has a gap between %v and %v", a, b)
	case a.Hash == "" || b.Hash == "" || a.End+1 != b.Start:
		return nil
	}
	first := ancestor(w.chain.byHash[b.Hash], b.Start)
	if first == nil || first.parentHash != a.Hash {
		return fmt.Errorf("coverage joins two branches: %v and %v", a, b)
	}
	return nil
}

// checkRange checks the rows of one covered range and returns how many there are.
func (w *world) checkRange(r runtime.Range) (rows int, err error) {
	if r.Hash == "" {
		return w.checkUnproven(r)
	}
	tip := w.chain.byHash[r.Hash]
	if tip == nil || tip.number != r.End {
		return 0, fmt.Errorf("the hash of %v is not that of a block %d", r, r.End)
	}
	of := branch(tip, r.Start)
	if r.PrevHash != "" && of[0].parentHash != r.PrevHash {
		return 0, fmt.Errorf("the parent hash of %v is %s, it should be %s", r, short(r.PrevHash), short(of[0].parentHash))
	}
	for _, b := range of {
		if !w.holds(b) {
			return 0, fmt.Errorf("%v covers block %d %s with %d rows, stored are %v", r, b.number, short(b.hash), b.rows, w.store.rows[b.number])
		}
		rows += b.rows
	}
	return rows, nil
}

// checkUnproven checks a range that was loaded by block numbers. Nobody knows of which branch it is, so any will do, until what
// follows it proves the branch.
func (w *world) checkUnproven(r runtime.Range) (rows int, err error) {
	if w.job.follow && !w.job.latest {
		return 0, fmt.Errorf("the range %v of a stream is not proven", r)
	}
	for n := r.Start; n <= r.End; n++ {
		if !slices.ContainsFunc(w.chain.byNumber[n], w.holds) {
			return 0, fmt.Errorf("%v covers block %d, of which no branch has the rows that are stored: %v", r, n, w.store.rows[n])
		}
		rows += len(w.store.rows[n])
	}
	return rows, nil
}

// checkCanonical checks that every covered block is as the chain has it now.
func (w *world) checkCanonical() error {
	for _, r := range w.store.ranges() {
		for n := r.Start; n <= r.End; n++ {
			if b := w.chain.at(n); b == nil || !w.holds(b) {
				return fmt.Errorf("%v covers block %d, which left the chain", r, n)
			}
		}
	}
	return nil
}

// holds reports whether the store has the rows of b, and no others of that number.
func (w *world) holds(b *block) bool {
	stored := w.store.rows[b.number]
	if len(stored) != b.rows {
		return false
	}
	seen := uint64(0) // a bit per index; blocks have few rows
	for _, x := range stored {
		if x.id != b.id || x.index >= uint32(b.rows) || seen&(1<<x.index) != 0 {
			return false
		}
		seen |= 1 << x.index
	}
	return true
}

// checkUndo checks an undo that follows an honest server: it begins at the first stored block that is not on the branch that
// the server showed. Only at the first microbatch may it begin with the committed range that has this block, since a server that
// does not know the client's branch cannot say where it forked.
func (w *world) checkUndo(p *process, u runtime.Undo) error {
	if u.Network != network {
		return fmt.Errorf("the network is %q", u.Network)
	}
	f, last := p.stream, w.store.last()
	if p.job.follow && !p.job.latest && (f == nil || f.shown == nil) {
		return fmt.Errorf("no range was received")
	}
	if f == nil || !f.exact || last.Hash == "" || last.End < u.From || p.epoch != w.store.epoch {
		return nil
	}
	want := last.End + 1
	for b := w.chain.byHash[last.Hash]; b != nil && ancestor(f.shown, b.number) != b; b = b.parent {
		want = b.number
	}
	for want < u.From && !w.covers(want) {
		want++ // a block that is not there need not go
	}
	if u.From == want {
		return nil
	}
	for _, r := range w.store.state {
		if f.fresh && r.Start == u.From && want <= r.End {
			return nil
		}
	}
	return fmt.Errorf("the stored blocks from %d on are not the server's", want)
}

// checkUndoAlone checks an undo that is a commit of its own. Readers then see the table without either branch, so the stream may do
// that only if the message that showed the fork is not the beginning of what replaces it.
func (w *world) checkUndoAlone(p *process, u runtime.Undo) {
	f := p.stream
	if !p.job.follow || p.job.latest || f == nil || f.first == nil || p.epoch != w.store.epoch {
		return
	}
	if f.first.number == u.From {
		w.fail("%s undoes from block %d and does not replace it in the same commit", p.name, u.From)
	}
}

// checkEnd judges how a loader ended: without an error when its work is done or it was asked to stop, or with an error of a class
// that was done to it.
func (w *world) checkEnd(p *process) {
	class := runtime.ClassOf(p.err)
	w.log("%s ends: %v", p.name, p.err)
	if p.killed {
		return
	}
	if main := actorOf(p.ctx); main.streams > 0 || main.units > 0 {
		w.fail("%s left %d streams and %d units open", p.name, main.streams, main.units)
	}
	switch {
	case p.violation != "" && class != runtime.Protocol && !(class == runtime.Fenced && p.fenced) && !p.stopped:
		w.fail("%s was sent %s and ended with: %v", p.name, p.violation, p.err)
	case p.stopped, p.err == nil && p.job.latest && !p.job.follow:
	case p.err == nil && p.job.follow:
		w.fail("%s ended although the stream is endless", p.name)
	case p.err == nil:
		if p.epoch != 0 && p.epoch != w.store.epoch {
			break // what it did may be undone by who took over
		}
		if err := w.checkDone(p.job); err != nil {
			w.fail("%s ended without an error: %w", p.name, err)
		}
	case class == runtime.Fenced && p.fenced:
		w.report.Fenced++
	case p.job.follow && !p.job.latest && p.followed && (class == runtime.Transient || class == runtime.Ambiguous):
		w.fail("%s gave up following because of what may pass: %w", p.name, p.err)
	case class == runtime.Transient && w.job.latest && !p.job.follow && w.shrunk:
		// It cannot be checked what is committed while the server's chain is shorter.
	case class == runtime.Permanent && p.job.to != nil && w.shrunk:
		// Some of the wanted blocks are gone.
	case class == runtime.Permanent && p.job.follow && !p.job.latest && w.store.last().Hash == "":
		// It cannot follow what is not proven.
	case !p.excused[class] || class == runtime.Fenced:
		w.fail("%s ended with an error for which there is no reason (%s): %w", p.name, class, p.err)
	}
}

// checkDone checks that a bounded job has all that it wanted.
func (w *world) checkDone(j *job) error {
	for n := *j.from; n <= *j.to; n++ {
		if !w.covers(n) {
			return fmt.Errorf("block %d of %v is not covered", n, j)
		}
	}
	return nil
}

func (w *world) covers(number uint64) bool {
	for _, r := range w.store.state {
		if r.Start <= number && number <= r.End {
			return true
		}
	}
	return false
}

func short(hash string) string { return hash[max(0, len(hash)-6):] }
