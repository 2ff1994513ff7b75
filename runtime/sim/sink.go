package sim

import (
	"context"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/ampgen/ampgen/runtime"
	"github.com/ampgen/ampgen/runtime/coverage"
)

// sink is one process's connection to the store. Everything that becomes visible is checked at once.
type sink struct{ p *process }

var _ runtime.Sink = (*sink)(nil)

func (s *sink) Prepare(ctx context.Context, _ *runtime.Table) error {
	p, w := s.p, s.p.w
	if err := p.step(ctx, "prepares"); err != nil {
		return err
	}
	if err := p.out(sinkSide, "prepare"); err != nil {
		return err
	}
	if w.hit(PrepareError) {
		return p.fails(runtime.Transient, "prepare", PrepareError)
	}
	if p.fenced {
		w.fail("%s takes the fence back after it was told that it had lost it", p.name)
	}
	w.store.epoch++
	w.store.holder, p.epoch = p.name, w.store.epoch
	return nil
}

func (s *sink) State(ctx context.Context, _ *runtime.Table) (runtime.State, error) {
	p, w := s.p, s.p.w
	if err := p.step(ctx, "reads the state"); err != nil {
		return runtime.State{}, err
	}
	if p.stream != nil {
		p.stream.fresh = true // whoever asks with an open stream goes on as if what it is about to undo were undone
	}
	if err := p.out(sinkSide, "read the state"); err != nil {
		return runtime.State{}, err
	}
	if w.hit(StateError) {
		return runtime.State{}, p.fails(runtime.Transient, "read the state", StateError)
	}
	return runtime.State{Ranges: w.store.ranges(), Fence: w.store.epoch, Holder: w.store.holder}, nil
}

func (s *sink) Begin(ctx context.Context, u runtime.Unit) (runtime.Tx, error) {
	p, w := s.p, s.p.w
	call := "begins"
	if u.Undo != nil {
		call = "begins to undo"
	}
	if err := p.step(ctx, call); err != nil {
		return nil, err
	}
	if err := u.Check(&newPipeline().Table); err != nil || len(u.Ranges) != 1 {
		w.fail("%s begins a unit of %v: %v", p.name, u.Ranges, err)
	}
	if err := p.out(sinkSide, "begin"); err != nil {
		return nil, err
	}
	if w.hit(BeginError) {
		return nil, p.fails(runtime.Transient, "begin", BeginError)
	}
	if err := s.checkFence(); err != nil {
		return nil, err
	}
	if _, _, err := w.store.admit(u); err != nil {
		return nil, err
	}
	if u.Undo != nil && w.hit(KillUndo) {
		p.kill()
		return nil, errKilled
	}
	a := actorOf(ctx)
	if a.units++; a.units > 1 {
		w.fail("%s has %d units open", a.name, a.units)
	}
	w.log("%s began %v", a.name, u.Ranges)
	return &tx{sink: s, actor: a, unit: u}, nil
}

func (s *sink) checkFence() error {
	if s.p.epoch == s.p.w.store.epoch || s.p.w.bug == noFence {
		return nil
	}
	s.p.fenced = true
	return runtime.Errorf(runtime.Fenced, "commit", "", "%s took over", s.p.w.store.holder)
}

func (s *sink) Undo(ctx context.Context, u runtime.Undo) error {
	p, w := s.p, s.p.w
	if err := p.step(ctx, "undoes"); err != nil {
		return err
	}
	if w.hit(UndoError) {
		return p.fails(runtime.Transient, "undo", UndoError)
	}
	if err := s.checkFence(); err != nil {
		return err
	}
	if w.hit(UndoDropped) {
		return p.fails(runtime.Ambiguous, "undo", UndoDropped)
	}
	if err := w.checkUndo(p, u); err != nil {
		w.fail("%s undoes from block %d: %w", p.name, u.From, err)
	}
	w.checkUndoAlone(p, u)
	switch w.bug {
	case undoLess:
		u.From++
	case undoNothing:
		return nil
	}
	if p.stream != nil {
		p.stream.fresh = true
	}
	changed := w.store.undo(u)
	w.log("%s undid from %d, before it %s: %v", p.name, u.From, short(u.Hash), changed)
	if changed {
		w.report.Undos++
		w.visible(p)
	}
	if w.hit(KillUndo) {
		p.kill()
	}
	if w.hit(UndoApplied) {
		return p.fails(runtime.Ambiguous, "undo", UndoApplied)
	}
	return p.step(ctx, "hears of the undo")
}

func (s *sink) Close() error { return nil }

// tx is an open unit.
type tx struct {
	*sink
	actor *actor
	unit  runtime.Unit
	rows  []row
	over  bool
}

func (t *tx) Write(ctx context.Context, rows arrow.RecordBatch) error {
	p, w := t.p, t.p.w
	if err := p.step(ctx, "writes"); err != nil {
		return err
	}
	if t.over {
		w.fail("%s writes into a unit that is over", p.name)
	}
	if w.hit(WriteError) {
		return p.fails(runtime.Transient, "write", WriteError)
	}
	blocks := rows.Column(0).(*array.Uint64).Uint64Values()
	indexes := rows.Column(1).(*array.Uint32).Uint32Values()
	ids := rows.Column(2).(*array.Uint64).Uint64Values()
	for i := range blocks {
		t.rows = append(t.rows, row{blocks[i], indexes[i], ids[i]})
	}
	return nil
}

func (t *tx) Commit(ctx context.Context) error {
	p, w := t.p, t.p.w
	call := "commits"
	if t.unit.Undo != nil {
		call = "commits an undo"
	}
	if err := p.step(ctx, call); err != nil {
		return err
	}
	t.close()
	if w.hit(CommitError) {
		return p.fails(runtime.Transient, "commit", CommitError)
	}
	if err := t.checkFence(); err != nil {
		return err
	}
	if w.hit(CommitDropped) {
		return p.fails(runtime.Ambiguous, "commit", CommitDropped)
	}
	if err := t.apply(); err != nil {
		return err
	}
	if w.hit(CommitApplied) {
		return p.fails(runtime.Ambiguous, "commit", CommitApplied)
	}
	return p.step(ctx, "hears of the commit")
}

// apply makes the unit visible, or finds that it is.
func (t *tx) apply() error {
	w, rows := t.p.w, t.rows
	undone, covered, err := w.store.admit(t.unit)
	if err != nil || covered {
		return err
	}
	unit := t.unit
	if u := unit.Undo; u != nil {
		if err := w.checkUndo(t.p, *u); err != nil {
			w.fail("%s undoes from block %d: %w", t.p.name, u.From, err)
		}
		w.report.Undos++
		switch w.bug {
		case undoLess:
			unit.Undo = &runtime.Undo{Network: u.Network, From: u.From + 1, Hash: u.Hash}
		case undoNothing:
			unit.Undo = nil
		}
	}
	if w.bug == loseRow && len(rows) > 0 {
		rows = rows[1:]
	}
	if err := w.store.commit(unit, undone, rows); err != nil {
		t.p.excused[runtime.Permanent] = t.p.excused[runtime.Permanent] || t.p.doubled
		return runtime.Errorf(runtime.Permanent, "commit", t.unit.Ranges[0].String(), "%w", err)
	}
	if w.bug == loseState {
		w.store.change(coverage.Change{Remove: coverage.RowsOf(t.unit.Ranges)})
	}
	w.report.Commits++
	w.log("%s committed %v with %d rows", t.p.name, t.unit.Ranges[0], len(rows))
	if u := t.unit.Undo; u != nil {
		w.log("%s undid from %d by that, before it %s", t.p.name, u.From, short(u.Hash))
	}
	w.cameToCommit(t.p, t.unit.Ranges[0])
	w.visible(t.p)
	if w.store.compact() {
		w.count[Compact]++
		w.visible(t.p)
	}
	return nil
}

func (t *tx) Rollback(context.Context) error {
	t.close()
	return nil
}

func (t *tx) close() {
	if !t.over {
		t.over = true
		t.actor.units--
	}
}
