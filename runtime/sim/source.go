package sim

import (
	"context"
	"io"
	"regexp"
	"strconv"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/ampgen/ampgen/runtime"
)

const query = "SELECT block_num, row_index, block_id FROM eth.logs"

var schema = arrow.NewSchema([]arrow.Field{
	{Name: "block_num", Type: arrow.PrimitiveTypes.Uint64},
	{Name: "row_index", Type: arrow.PrimitiveTypes.Uint32},
	{Name: "block_id", Type: arrow.PrimitiveTypes.Uint64},
}, nil)

var otherSchema = arrow.NewSchema(schema.Fields()[:2], nil)

func newPipeline() *runtime.Pipeline {
	return &runtime.Pipeline{Name: "Sim", SQL: query, RangeSQL: query, Mode: runtime.Stream, Query: schema,
		Table: runtime.Table{Pipeline: "sim", Name: "sim", Schema: schema, Block: "block_num", Key: []string{"block_num", "row_index"}}}
}

// source is one process's connection to the server.
type source struct{ p *process }

func (s *source) Schema(ctx context.Context, _ string, _ bool) (*arrow.Schema, error) {
	if err := s.p.step(ctx, "asks for the schema"); err != nil {
		return nil, err
	}
	return s.p.schema(), s.open()
}

// schema is what the server announces.
func (p *process) schema() *arrow.Schema {
	if p.w.hit(SchemaChanged) {
		p.excused[runtime.Drift] = true
		return otherSchema
	}
	return schema
}

func (s *source) Open(ctx context.Context, req runtime.Request) (runtime.SourceStream, error) {
	p := s.p
	if err := p.step(ctx, "opens"); err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err := s.open(); err != nil {
		return nil, err
	}
	a := actorOf(ctx)
	if a.streams++; a.streams > 1 && (req.Follow || p.stream == nil) { // it may ask what there is while it follows
		p.w.fail("%s has %d streams open", a.name, a.streams)
	}
	c := wire{p: p, actor: a, schema: p.schema()}
	if !req.Follow {
		return newAnswer(c, req.SQL), nil
	}
	if p.stream != nil {
		p.w.fail("%s follows twice", p.name)
	}
	if at, ok := req.Cursor[network]; ok && p.pin == nil && a.name != p.name {
		p.pin = &at.Number
	}
	p.stream, p.followed = newFollow(c, req.Cursor), true
	return p.stream, nil
}

func (s *source) open() error {
	if err := s.p.out(serverSide, "open"); err != nil {
		return err
	}
	switch w := s.p.w; {
	case w.hit(OpenError):
		return s.p.fails(runtime.Transient, "open", OpenError)
	case w.hit(OpenRefused):
		return s.p.fails(runtime.Permanent, "open", OpenRefused)
	}
	return nil
}

// message is what the server sends next: rows with ranges, or the end of the stream.
type message struct {
	rows     []row
	ranges   []runtime.Range
	complete bool
	sent     *block // with it the client has the chain up to this block
	null     bool   // a column of the first row that is NOT NULL is null
	strict   bool   // the client must end with a Protocol error
	lie      bool   // the client may be led to end with one, or to undo more than it would have to
	doubles  bool   // rows may be sent twice, which nothing but the table's key can tell
	err      error  // the end of the stream
}

// wire is what streams and answers have in common: a queue of messages on their way to one process.
type wire struct {
	p      *process
	actor  *actor        // whose it is
	schema *arrow.Schema // as announced
	queue  []message
	record arrow.RecordBatch
	closed bool
}

func (c *wire) Schema() *arrow.Schema { return c.schema }

func (c *wire) Close() error {
	if !c.closed {
		c.closed = true
		c.actor.streams--
	}
	c.release()
	return nil
}

func (c *wire) release() {
	if c.record != nil {
		c.record.Release()
		c.record = nil
	}
}

// deliver hands the next message of the queue over. The end of a stream is repeated for those who ask again.
func (c *wire) deliver() (runtime.Message, error) {
	p, m := c.p, c.queue[0]
	if m.err != nil {
		p.w.log("%s receives %v", p.name, m.err)
		return runtime.Message{}, m.err
	}
	c.queue = c.queue[1:]
	p.w.log("%s receives %d rows of %v, complete: %t", p.name, len(m.rows), m.ranges, m.complete)
	if m.strict && !p.w.job.latest { // such a loader may look at ranges alone, and come back for the rows
		p.violation = "a message that breaks the protocol"
	}
	if m.strict || m.lie {
		p.excused[runtime.Protocol] = true
	}
	p.doubled = p.doubled || m.doubles
	c.release()
	c.record = newRecord(m.rows, m.null)
	return runtime.Message{Record: c.record, Ranges: m.ranges, Complete: m.complete}, nil
}

// end makes the error of a stream's end.
func (c *wire) end(f Fault) message {
	if f == CutOK || f == EndOK || f == EmptyRanges {
		c.p.excused[runtime.Transient] = true
		return message{err: io.EOF}
	}
	return message{err: c.p.fails(runtime.Transient, "receive", f)}
}

func newRecord(rows []row, null bool) arrow.RecordBatch {
	mem := memory.DefaultAllocator
	blocks, indexes, ids := array.NewUint64Builder(mem), array.NewUint32Builder(mem), array.NewUint64Builder(mem)
	for i, r := range rows {
		blocks.Append(r.block)
		indexes.Append(r.index)
		if null && i == 0 {
			ids.AppendNull()
			continue
		}
		ids.Append(r.id)
	}
	columns := []arrow.Array{blocks.NewArray(), indexes.NewArray(), ids.NewArray()}
	return array.NewRecordBatch(schema, columns, int64(len(rows)))
}

// split cuts rows into messages as the server might: at any row, with keep-alives between them.
func (c *wire) split(r runtime.Range, rows []row) []message {
	w, ranges := c.p.w, []runtime.Range{r}
	var out []message
	for {
		if w.hit(KeepAlive) {
			out = append(out, message{ranges: ranges})
		}
		if len(rows) == 0 {
			return out
		}
		n := w.upTo(min(len(rows), w.rowsPerMessage))
		out = append(out, message{ranges: ranges, rows: rows[:n]})
		if w.hit(DuplicateRows) {
			out = append(out, message{ranges: ranges, rows: rows[:n], doubles: true})
		}
		rows = rows[n:]
	}
}

// finish adds the completion message to those of a microbatch or an answer, and what goes wrong with any of them. certain says
// that the client will take the rows in; otherwise it may drop them for the sake of their range, without a look.
func (c *wire) finish(out []message, r runtime.Range, certain bool) []message {
	w := c.p.w
	last := message{ranges: []runtime.Range{r}, complete: true}
	if n := len(out); n > 0 && len(out[n-1].rows) > 0 {
		m := &out[w.IntN(n)]
		switch {
		case w.hit(RowsInCompletion):
			last.rows, last.doubles, out = out[n-1].rows, out[n-1].doubles, out[:n-1]
		case len(m.rows) == 0:
		case w.hit(RowsOutside):
			m.rows = append([]row{{block: r.End + 1, id: 1}}, m.rows...)
			m.strict, m.lie = certain, true
		case w.hit(RowsWithoutRange):
			m.ranges, m.strict, m.lie = nil, certain, true
		case w.hit(NoMetadata):
			out = append(out, message{lie: true})
		case w.hit(NullRow):
			m.null, m.strict, m.lie = true, certain, true
		}
	}
	out = append(out, last)
	if w.hit(DuplicateComplete) {
		out = append(out, message{ranges: last.ranges, complete: true})
	}
	for _, f := range []Fault{CutOK, CutError} {
		if w.hit(f) {
			return append(out[:w.IntN(len(out))], c.end(f))
		}
	}
	return out
}

// answer is the answer to a query that ends. The chain is that of the moment when the query was opened.
type answer struct{ wire }

var filter = regexp.MustCompile(`\) AS "ampgen_range" WHERE (?:FALSE|"block_num" >= (\d+) AND "block_num" <= (\d+))$`)

func newAnswer(c wire, sql string) *answer {
	a, p, w := &answer{c}, c.p, c.p.w
	m := filter.FindStringSubmatch(sql)
	if m == nil {
		w.fail("%s sends a query that the server does not know: %s", p.name, sql)
		return a
	}
	if w.hit(EmptyRanges) {
		a.queue = []message{{complete: true}, a.end(EmptyRanges)}
		return a
	}
	blocks := w.chain.canonical
	synced := rangeOf(blocks)
	var rows []row
	if m[1] != "" {
		from, _ := strconv.ParseUint(m[1], 10, 64)
		to, _ := strconv.ParseUint(m[2], 10, 64)
		var selected []*block
		for _, b := range blocks {
			if b.number >= from && b.number <= to {
				selected = append(selected, b)
			}
		}
		rows = rowsOf(selected)
	}
	a.queue = a.split(synced, rows)
	if w.hit(RangeChanged) {
		other := synced
		other.End++
		a.queue = append(a.queue, message{ranges: []runtime.Range{synced}}, message{ranges: []runtime.Range{other}, strict: true})
	}
	a.queue = append(a.finish(a.queue, synced, false), message{err: io.EOF})
	return a
}

func (a *answer) Next(ctx context.Context) (runtime.Message, error) {
	if err := a.p.step(ctx, "reads"); err != nil {
		return runtime.Message{}, err
	}
	if ctx.Err() != nil {
		return runtime.Message{}, ctx.Err()
	}
	a.p.mustStop()
	return a.deliver()
}

// mustStop fails the run if the process goes on after it was sent what it has to refuse.
func (p *process) mustStop() {
	if p.violation != "" {
		p.w.fail("%s goes on reading after %s", p.name, p.violation)
	}
}
