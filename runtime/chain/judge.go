package chain

// judge says what a range is that may come next on this connection: Write if it continues what is committed, Ignore if it
// repeats that, Undo if it shows a fork.
func (t *Tracker) judge(r Range) (Kind, Fork) {
	l := t.lines[r.Network]
	if l == nil {
		return Write, Fork{}
	}
	m := l.meet(r)
	if m.sameEnd {
		t.replay = replay{on: r.End < l.last.End, proven: m.end}
		return Ignore, Fork{}
	}
	if t.replay.on {
		return t.judgeReplayed(r, l, m)
	}
	first := t.before == (Range{})
	switch {
	case m.otherStart:
		return Undo, deeper(m.start, r)
	case r.Start > l.last.End:
		return Write, Fork{}
	case first && r.Start <= l.base && r.End < l.last.End && !m.otherEnd:
		t.replay.on = true
		return Ignore, Fork{}
	case first && r.Start == l.last.End && l.last.Start < r.Start:
		return Undo, deeper(l.last, r)
	}
	return Undo, Fork{Network: r.Network, From: r.Start, Hash: realHash(r.PrevHash), Committed: l.last, Incoming: r}
}

// deeper is the fork that is somewhere in c or below it.
func deeper(c, r Range) Fork {
	return Fork{Network: r.Network, From: c.Start, Hash: realHash(c.PrevHash), Deeper: true, Committed: c, Incoming: r}
}

// judgeReplayed judges a range on a connection that sends again what is committed, and so far meets no boundary by its end.
func (t *Tracker) judgeReplayed(r Range, l *line, m meeting) (Kind, Fork) {
	if r.Start <= t.replay.proven.End {
		t.replay.proven = Range{} // the server went back below it
	}
	if m.sameStart {
		t.replay.proven = m.start
	}
	if !m.otherStart && !m.otherEnd && r.End < l.last.End {
		return Ignore, Fork{}
	}
	fork := Fork{Network: r.Network, From: l.base, Hash: realHash(l.startingAt(l.base).PrevHash), Committed: l.last, Incoming: r}
	if proven := t.replay.proven; proven != (Range{}) {
		fork.From, fork.Hash = proven.End+1, proven.Hash
	}
	fork.Deeper = fork.From != r.Start
	return Undo, fork
}
