package ampdev

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/flight"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

type credentialsOption = credentials.TransportCredentials

func TestFlightInfo(t *testing.T) {
	_, c := startServer(t, Config{Blocks: 3})
	info, err := c.info(call{sql: "select block_num, hash, timestamp from eth_rpc.blocks"})
	if err != nil {
		t.Fatal(err)
	}
	if len(info.Endpoint) != 1 || len(info.Endpoint[0].Location) != 0 || info.TotalRecords != -1 || info.TotalBytes != -1 || info.Ordered {
		t.Errorf("info is %v", info)
	}
	if info.FlightDescriptor.GetType() != flight.DescriptorCMD {
		t.Error("the descriptor is not given back")
	}
	schema, err := flight.DeserializeSchema(info.Schema, memory.DefaultAllocator)
	if err != nil {
		t.Fatal(err)
	}
	want := arrow.NewSchema([]arrow.Field{
		{Name: "block_num", Type: arrow.PrimitiveTypes.Uint64},
		{Name: "hash", Type: &arrow.FixedSizeBinaryType{ByteWidth: 32}},
		{Name: "timestamp", Type: &arrow.TimestampType{Unit: arrow.Nanosecond, TimeZone: "+00:00"}},
	}, nil)
	if !schema.Equal(want) {
		t.Errorf("schema is %s, want %s", schema, want)
	}
}

func TestFlightInfoRefusals(t *testing.T) {
	_, c := startServer(t, Config{Blocks: 2})
	other, _ := anypb.New(wrapperspb.String("x"))
	packed, _ := proto.Marshal(other)
	for name, d := range map[string]*flight.FlightDescriptor{
		"path":          {Type: flight.DescriptorPATH, Path: []string{"x"}},
		"unknown":       {},
		"raw SQL":       {Type: flight.DescriptorCMD, Cmd: []byte("select 1")},
		"other command": {Type: flight.DescriptorCMD, Cmd: packed},
	} {
		_, err := c.GetFlightInfo(t.Context(), d)
		wantCode(t, name, err, codes.InvalidArgument)
	}
	for sql, want := range map[string]codes.Code{
		"":                                    codes.InvalidArgument,
		"selec 1":                             codes.InvalidArgument,
		"select 1; select 2":                  codes.InvalidArgument,
		"insert into eth_rpc.blocks select 1": codes.InvalidArgument,
		"select 1 as _x":                      codes.InvalidArgument,
		"select block_num() as b from eth_rpc.blocks": codes.InvalidArgument,
		"select block_num from nowhere.blocks":        codes.Internal,
		"select block_num from other_rpc.blocks":      codes.Internal,
		"select block_num from eth_rpc.nothing":       codes.Internal,
		"select nothing from eth_rpc.blocks":          codes.Internal,
		"select block_num from blocks":                codes.Internal,
		"select nosuch(1) as x":                       codes.Internal,
	} {
		_, err := c.info(call{sql: sql})
		wantCode(t, sql, err, want)
	}
}

func TestOtherRPCsAreUnimplemented(t *testing.T) {
	_, c := startServer(t, Config{})
	_, err := c.GetSchema(t.Context(), &flight.FlightDescriptor{})
	wantCode(t, "GetSchema", err, codes.Unimplemented)
	_, err = c.PollFlightInfo(t.Context(), &flight.FlightDescriptor{})
	wantCode(t, "PollFlightInfo", err, codes.Unimplemented)
	actions, err := c.DoAction(t.Context(), &flight.Action{})
	if err == nil {
		_, err = actions.Recv()
	}
	wantCode(t, "DoAction", err, codes.Unimplemented)
	get, err := c.DoGet(t.Context(), &flight.Ticket{Ticket: []byte("x")})
	if err == nil {
		_, err = get.Recv()
	}
	wantCode(t, "DoGet with a bad ticket", err, codes.InvalidArgument)
}

func TestBatchQuery(t *testing.T) {
	s, c := startServer(t, Config{Blocks: 5, FirstBlock: 100})
	a := c.open(call{sql: "select block_num, tx_hash from eth_firehose.logs where block_num = 102"})
	m := a.microbatch()
	if _, err := a.next(); err != io.EOF {
		t.Errorf("after the completion: %v", err)
	}
	if m.rows() == 0 || m.empty != 1 {
		t.Errorf("%d rows, %d empty batches", m.rows(), m.empty)
	}
	// The ranges are what the table has, not what was selected.
	r := m.complete.meta.Ranges[0]
	if len(m.complete.meta.Ranges) != 1 || r.Network != "mainnet" || r.Numbers.Start != 100 || r.Numbers.End != 104 || r.Hash != s.Tip().Hash || r.Prev != s.First().Parent || *r.Time != s.Tip().Time {
		t.Errorf("ranges are %s", marshal(m.complete.meta.Ranges))
	}
	if a.raw[0].AppMetadata != nil {
		t.Errorf("the schema message has metadata %q", a.raw[0].AppMetadata)
	}
	if none := c.all("select block_num from eth_rpc.blocks where block_num = 7"); none.rows() != 0 || none.empty != 1 {
		t.Errorf("a result without rows has %d empty batches before the completion, want 1", none.empty)
	}
	if one := c.all("select 1 as one"); len(one.complete.meta.Ranges) != 0 || one.rows() != 1 {
		t.Errorf("a query without tables: %d rows, ranges %s", one.rows(), marshal(one.complete.meta.Ranges))
	}
}

func TestBatchSizes(t *testing.T) {
	s, c := startServer(t, Config{Blocks: 60})
	m := c.all("select log_index, data from eth_rpc.logs")
	full := 0
	for _, b := range m.batches {
		if b.rows > 8192 {
			t.Errorf("a batch of %d rows", b.rows)
		}
		if size := batchBytes(b.batch); size > 2<<20+1<<10 {
			t.Errorf("a batch of %d bytes", size)
		}
		if b.rows == 8192 {
			full++
		}
	}
	if m.rows() < 15_000 || full == 0 {
		t.Errorf("%d rows, %d full batches", m.rows(), full)
	}
	s.SetBatchRows(1000)
	again := c.all("select log_index, data from eth_rpc.logs")
	if again.rows() != m.rows() || again.batches[0].rows != 1000 {
		t.Errorf("split otherwise: %d rows of %d, first batch %d", again.rows(), m.rows(), again.batches[0].rows)
	}
}

func TestStreamOfUnsyncedTables(t *testing.T) {
	_, c := startServer(t, Config{})
	a := c.open(call{sql: "select block_num from eth_rpc.blocks", stream: true})
	m := a.microbatch()
	if len(m.complete.meta.Ranges) != 0 || m.rows() != 0 || m.empty != 0 {
		t.Errorf("got %+v", m)
	}
	if _, err := a.next(); err != io.EOF {
		t.Errorf("then %v, want the end", err)
	}
	if b := c.all("select block_num from eth_rpc.blocks"); len(b.complete.meta.Ranges) != 0 {
		t.Errorf("a batch query has ranges %s", marshal(b.complete.meta.Ranges))
	}
}

func TestStreamFaultsThatOnlyDoGetFinds(t *testing.T) {
	_, c := startServer(t, Config{Blocks: 2})
	for sql, want := range map[string]codes.Code{
		"select block_num from eth_rpc.blocks order by block_num":                                        codes.InvalidArgument,
		"select count(*) as n from eth_rpc.blocks":                                                       codes.InvalidArgument,
		"select distinct block_num from eth_rpc.blocks":                                                  codes.InvalidArgument,
		"select block_num, gas_used as block_num from eth_rpc.blocks":                                    codes.Internal,
		"select b.block_num from eth_rpc.blocks b left join eth_rpc.logs l on b.block_num = l.block_num": codes.InvalidArgument,
	} {
		a := c.open(call{sql: sql, stream: true})
		_, err := a.next()
		wantCode(t, sql, err, want)
		if want == codes.InvalidArgument && !strings.Contains(err.Error(), "non-incremental queries are not supported for streaming") {
			t.Errorf("%s: %v", sql, err)
		}
	}
}

func TestSettingsDecideWithoutHeader(t *testing.T) {
	_, c := startServer(t, Config{Blocks: 2})
	streamed := c.open(call{sql: "select block_num from eth_rpc.blocks settings stream = true"})
	if got := streamed.microbatch().blocks(); got != [2]uint64{0, 1} {
		t.Errorf("range %v", got)
	}
	streamed.cancel()
	a := c.open(call{sql: "select block_num from eth_rpc.blocks settings stream = true", headers: []string{"amp-stream", "FALSE"}})
	a.microbatch()
	if _, err := a.next(); err != io.EOF {
		t.Errorf("amp-stream: false over SETTINGS: %v, want the end", err)
	}
}

func TestMicrobatchesAndTheTip(t *testing.T) {
	s, c := startServer(t, Config{Blocks: 25, MicrobatchBlocks: 10})
	a := c.open(call{sql: "select block_num, log_index from eth_rpc.logs", stream: true})
	var want uint64
	prev := s.First().Parent
	for _, end := range []uint64{9, 19, 24} {
		m := a.microbatch()
		r := m.complete.meta.Ranges[0]
		tip, _ := s.Block(end)
		if m.blocks() != [2]uint64{want, end} || r.Prev != prev || r.Hash != tip.Hash || m.empty != 1 {
			t.Errorf("range %s, want %d to %d", marshal(r), want, end)
		}
		checkSorted(t, m)
		want, prev = end+1, r.Hash
	}
	if err := s.Mine(t.Context(), 3); err != nil {
		t.Fatal(err)
	}
	if got := a.microbatch().blocks(); got != [2]uint64{25, 27} {
		t.Errorf("mined blocks come as %v", got)
	}
}

// checkSorted checks that the first column, block numbers, does not go down and stays in the range.
func checkSorted(t *testing.T, m microbatch) {
	t.Helper()
	last := m.blocks()[0]
	for _, b := range m.batches {
		numbers := b.batch.Column(0).(*array.Uint64)
		for _, n := range numbers.Uint64Values() {
			if n < last || n > m.blocks()[1] {
				t.Fatalf("block %d after %d in %v", n, last, m.blocks())
			}
			last = n
		}
	}
}

func TestResume(t *testing.T) {
	s, c := startServer(t, Config{Blocks: 20})
	at := func(n uint64) string {
		b, ok := s.Block(n)
		if !ok {
			t.Fatalf("no block %d", n)
		}
		return fmt.Sprintf(`{"mainnet":{"number":%d,"hash":"%s"}}`, n, b.Hash)
	}
	orphan := at(17)
	start := func(resume string) uint64 {
		t.Helper()
		a := c.open(call{sql: "select block_num from eth_rpc.blocks", stream: true, resume: resume})
		defer a.cancel()
		return a.microbatch().blocks()[0]
	}
	if got := start(at(11)); got != 12 {
		t.Errorf("a cursor at 11 starts at %d", got)
	}
	for _, bad := range []string{"", "x", "[]", `{"mainnet":5}`, `{"mainnet":{"number":11,"hash":"0x12"}}`, `{"mainnet":{"number":-1,"hash":""}}`} {
		if got := start(bad); got != 0 {
			t.Errorf("the malformed cursor %q starts at %d, want 0", bad, got)
		}
	}
	for _, other := range []string{"{}", strings.Replace(at(11), "mainnet", "base", 1)} {
		a := c.open(call{sql: "select block_num from eth_rpc.blocks", stream: true, resume: other})
		_, err := a.next()
		wantCode(t, "cursor "+other, err, codes.Internal)
	}
	if err := s.Reorg(t.Context(), 5, 7); err != nil { // replaces 15 to 19 by 15 to 21
		t.Fatal(err)
	}
	if got := start(orphan); got != 15 {
		t.Errorf("a cursor on the orphaned branch starts at %d, want the fork at 15", got)
	}
	s.Forget()
	if got := start(orphan); got != 17 {
		t.Errorf("with the fork forgotten it starts at %d, want 17", got)
	}
	future := c.open(call{sql: "select block_num from eth_rpc.blocks", stream: true,
		resume: `{"mainnet":{"number":22,"hash":"0x` + strings.Repeat("77", 32) + `"}}`})
	if err := s.Mine(t.Context(), 2); err != nil { // 22 has another hash than the cursor says
		t.Fatal(err)
	}
	if got := future.microbatch().blocks()[0]; got != 22 {
		t.Errorf("a cursor on an unknown branch starts at %d, want 22", got)
	}
}

func TestReorgShowsAsARange(t *testing.T) {
	s, c := startServer(t, Config{Blocks: 10})
	a := c.open(call{sql: "select block_num, hash from eth_rpc.blocks", stream: true})
	if got := a.microbatch().blocks(); got != [2]uint64{0, 9} {
		t.Fatalf("range %v", got)
	}
	old, _ := s.Block(7)
	if err := s.Reorg(t.Context(), 3, 4); err != nil {
		t.Fatal(err)
	}
	m := a.microbatch()
	before, _ := s.Block(6)
	if m.blocks() != [2]uint64{7, 10} || m.complete.meta.Ranges[0].Prev != before.Hash || m.rows() != 4 {
		t.Errorf("after the reorg: %s, %d rows", marshal(m.complete.meta.Ranges), m.rows())
	}
	hash := m.batches[0].batch.Column(1).(*array.FixedSizeBinary).Value(0)
	if bytes.Equal(hash, old.Hash[:]) {
		t.Error("block 7 is the orphaned one")
	}
	if err := s.Reorg(t.Context(), 4, 1); err != nil { // the tip goes back to 7
		t.Fatal(err)
	}
	if got := a.microbatch().blocks(); got != [2]uint64{7, 7} {
		t.Errorf("after a reorg to a lower tip: %v", got)
	}
}

func TestFaults(t *testing.T) {
	s, c := startServer(t, Config{Blocks: 3})
	q := call{sql: "select block_num from eth_rpc.blocks", stream: true}
	a := c.open(q)
	m := a.microbatch()
	s.RepeatLast()
	if again := a.microbatch(); marshal(again.complete.meta) != marshal(m.complete.meta) || again.empty != 0 {
		t.Errorf("repeated %+v", again.complete.meta)
	}
	s.KeepAliveNow()
	if alive, err := a.next(); err != nil || alive.rows != 0 || *alive.meta.Complete || marshal(alive.meta.Ranges) != marshal(m.complete.meta.Ranges) {
		t.Errorf("keep-alive %+v, %v", alive.meta, err)
	}
	s.Fail(codes.ResourceExhausted, "too much", 1)
	if err := s.Mine(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if _, err := a.next(); err != nil {
		t.Errorf("the message before the failure: %v", err)
	}
	_, err := a.next()
	wantCode(t, "the failure", err, codes.ResourceExhausted)

	s.Stall()
	stalled := c.open(q)
	got := make(chan microbatch)
	go func() { got <- stalled.microbatch() }()
	s.Resume()
	if m := <-got; m.rows() != 4 {
		t.Errorf("after the stall %d rows", m.rows())
	}
	s.DropConnections()
	_, err = stalled.next()
	wantCode(t, "a dropped connection", err, codes.Unavailable)
}

func TestBearerToken(t *testing.T) {
	_, c := startServer(t, Config{Blocks: 1, Token: "secret"})
	q := call{sql: "select block_num from eth_rpc.blocks"}
	_, err := c.info(q)
	wantCode(t, "without token", err, codes.Unauthenticated)
	q.headers = []string{"authorization", "Bearer wrong"}
	_, err = c.info(q)
	wantCode(t, "with a wrong token", err, codes.Unauthenticated)
	q.headers = []string{"authorization", "Bearer secret"}
	if m := c.open(q).microbatch(); m.rows() != 1 {
		t.Errorf("with the token %d rows", m.rows())
	}
}

func TestHealth(t *testing.T) {
	_, c := startServer(t, Config{})
	response, err := http.Get("http://" + c.addr + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Errorf("status %s", response.Status)
	}
}

// TestHang: open streams say nothing any more, and new ones are served.
func TestHang(t *testing.T) {
	s, c := startServer(t, Config{Blocks: 3})
	q := call{sql: "select block_num from eth_rpc.blocks", stream: true}
	a := c.open(q)
	a.microbatch()
	s.Hang()
	if err := s.Mine(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if got := c.open(q).microbatch().blocks(); got != [2]uint64{0, 3} {
		t.Errorf("a new stream begins with %v", got)
	}
	s.DropConnections()
	if m, err := a.next(); err == nil {
		t.Errorf("the hung stream sent %+v", m)
	}
}
