// Package planner divides the missing blocks of a load among workers.
//
// Missing blocks are cut into partitions, oldest first, one for each worker that asks. A worker loads its partition chunk by
// chunk, in order; a chunk is one query and one commit. When no partition is left, an idle worker takes over the later half of
// what remains of the largest one, so that all workers end at about the same time however dense the chain is in places. The
// size of chunks follows the rows: the bytes of the last chunk say how many blocks the next one may have.
//
// The package is pure: no clocks, no I/O, no goroutines. Its user serialises the calls.
package planner

import (
	"slices"

	"github.com/ampgen/ampgen/runtime/blockrange"
)

// Span is an inclusive interval of block numbers.
type Span = blockrange.Span

// What a chunk is when Sizes leaves it open.
const (
	// FirstChunk is the number of blocks of a worker's first chunk, when nothing is known about them.
	FirstChunk = 1000
	// ChunkBytes of Arrow data is what chunks are to have: large enough that query and commit cost little beside the rows, small
	// enough that a failure or a stop throws little away.
	ChunkBytes = 64 << 20
	// growth is how many times larger than the one before a chunk may be: what was sparse so far may get dense.
	growth = 4
)

// Sizes are the numbers of blocks in partitions and in chunks; 0 leaves them to the planner, which then makes one partition for
// each worker, and chunks of ChunkBytes.
type Sizes struct{ Partition, Chunk uint64 }

// Plan is what remains to be loaded, and who loads what. Create it with New.
type Plan struct {
	sizes   Sizes
	queue   []Span // partitions that no worker has begun, oldest first
	workers []worker
	failed  []Span
	density float64 // bytes per block of the chunk that was last loaded; 0 before
}

// worker is what a worker has.
type worker struct {
	start   uint64 // of its partition
	rest    []Span // of its partition, without the chunk; at most one span
	chunk   Span   // being loaded
	loading bool
	last    uint64 // the blocks of its last chunk; 0 before
}

// New plans the gaps, which are ascending and apart, for a number of workers.
func New(gaps []Span, workers int, sizes Sizes) *Plan {
	size := sizes.Partition
	if size == 0 {
		var blocks uint64
		for _, g := range gaps {
			blocks += g.Blocks()
		}
		size = max(1, (blocks+uint64(workers)-1)/uint64(workers))
	}
	return &Plan{sizes: sizes, queue: blockrange.Partition(gaps, size), workers: make([]worker, workers)}
}

// Partitions are those that no worker has begun.
func (p *Plan) Partitions() []Span { return slices.Clone(p.queue) }

// Next is the chunk that a worker, counted from 0, is to load next; false if there is nothing left for it.
func (p *Plan) Next(w int) (Span, bool) {
	me := &p.workers[w]
	if me.loading {
		return me.chunk, true
	}
	if len(me.rest) == 0 && !p.take(me) && !p.steal(me) {
		return Span{}, false
	}
	size := p.chunkSize(me)
	me.chunk, me.rest = cut(me.rest[0], size)
	me.loading, me.last = true, me.chunk.Blocks()
	return me.chunk, true
}

// cut takes the first size blocks off s.
func cut(s Span, size uint64) (first Span, rest []Span) {
	if s.Blocks() <= size {
		return s, nil
	}
	return Span{Start: s.Start, End: s.Start + size - 1}, []Span{{Start: s.Start + size, End: s.End}}
}

// take gives a worker the oldest partition that nobody has.
func (p *Plan) take(me *worker) bool {
	if len(p.queue) == 0 {
		return false
	}
	me.rest, p.queue = []Span{p.queue[0]}, p.queue[1:]
	me.start = me.rest[0].Start
	return true
}

// steal gives a worker the later half of the largest rest that another one has, or all of it if it is one chunk or less.
func (p *Plan) steal(me *worker) bool {
	var from *worker
	for i := range p.workers {
		w := &p.workers[i]
		if len(w.rest) > 0 && (from == nil || w.rest[0].Blocks() > from.rest[0].Blocks()) {
			from = w
		}
	}
	if from == nil {
		return false
	}
	whole, size := from.rest[0], p.chunkSize(from)
	if whole.Blocks() <= size {
		me.start, me.rest, from.rest = whole.Start, from.rest, nil
		return true
	}
	chunks := (whole.Blocks()-1)/size + 1
	middle := whole.Start + (chunks+1)/2*size
	me.start, from.rest, me.rest = middle, []Span{{Start: whole.Start, End: middle - 1}}, []Span{{Start: middle, End: whole.End}}
	return true
}

// chunkSize is the number of blocks for a worker's next chunk.
func (p *Plan) chunkSize(w *worker) uint64 {
	switch {
	case p.sizes.Chunk > 0:
		return p.sizes.Chunk
	case p.density == 0 && w.last == 0:
		return FirstChunk
	case p.density == 0: // no rows so far
		return w.last * growth
	}
	size := uint64(max(1, ChunkBytes/p.density))
	return min(size, max(w.last, FirstChunk)*growth)
}

// Loaded says that the worker's chunk is committed, and how many bytes of Arrow data it had.
func (p *Plan) Loaded(w int, bytes int64) {
	me := &p.workers[w]
	if bytes > 0 {
		p.density = float64(bytes) / float64(me.chunk.Blocks())
	}
	me.loading = false
}

// Chunk is the chunk that a worker is loading; false if it loads none.
func (p *Plan) Chunk(w int) (Span, bool) { return p.workers[w].chunk, p.workers[w].loading }

// Progress is how many blocks of its partition are behind a worker, and how many the partition has.
func (p *Plan) Progress(w int) (done, of uint64) {
	me := p.workers[w]
	if !me.loading {
		return 0, 0
	}
	end := me.chunk.End
	if len(me.rest) > 0 {
		end = me.rest[0].End
	}
	return me.chunk.Start - me.start, end - me.start + 1
}

// Failed gives up the worker's chunk and what remains of its partition, and returns them.
func (p *Plan) Failed(w int) []Span {
	me := &p.workers[w]
	given := slices.Clone(me.rest)
	if me.loading { // it was not cut
		given = append(given, me.chunk)
	}
	p.failed = append(p.failed, given...)
	me.loading, me.rest = false, nil
	return given
}

// Cut takes the blocks from a number on out of the plan: they are to be loaded by someone else. A worker whose chunk has such
// blocks is to drop it; Next gives it what is left of it.
func (p *Plan) Cut(from uint64) {
	p.queue, p.failed = below(p.queue, from), below(p.failed, from)
	for i := range p.workers {
		w := &p.workers[i]
		w.rest = below(w.rest, from)
		if !w.loading || w.chunk.End < from {
			continue
		}
		if w.loading = w.chunk.Start < from; w.loading {
			w.chunk.End = from - 1
		}
	}
}

// below is what of spans lies before a block.
func below(spans []Span, from uint64) []Span {
	var out []Span
	for _, s := range spans {
		if s.Start < from {
			s.End = min(s.End, from-1)
			out = append(out, s)
		}
	}
	return out
}

// Missing are the blocks that are not loaded, ascending: those that nobody has begun, that are being loaded, and that failed.
func (p *Plan) Missing() []Span {
	var all blockrange.Set
	add := func(spans ...Span) {
		for _, s := range spans {
			all.Add(s)
		}
	}
	add(p.queue...)
	add(p.failed...)
	for _, w := range p.workers {
		add(w.rest...)
		if w.loading {
			add(w.chunk)
		}
	}
	return all.Spans()
}
