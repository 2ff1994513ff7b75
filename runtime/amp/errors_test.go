package amp_test

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/flight"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/ampgen/ampgen/runtime/amp"
	"github.com/ampgen/ampgen/runtime/fault"
)

// TestHints: the client passes on what the server says of its load and of when to come back, wherever it says it.
func TestHints(t *testing.T) {
	withInfo := func(d time.Duration) error {
		s, err := status.New(codes.ResourceExhausted, "slow down").WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(d)})
		if err != nil {
			t.Fatal(err)
		}
		return s.Err()
	}
	for _, c := range []struct {
		name     string
		failure  error
		trailer  metadata.MD
		overload bool
		after    time.Duration
	}{
		{"nothing said", status.Error(codes.Unavailable, ""), nil, false, 0},
		{"overloaded", status.Error(codes.ResourceExhausted, ""), nil, true, 0},
		{"too slow", status.Error(codes.DeadlineExceeded, ""), nil, true, 0},
		{"RetryInfo", withInfo(1500 * time.Millisecond), nil, true, 1500 * time.Millisecond},
		{"RetryInfo of the past", withInfo(-time.Second), nil, true, 0},
		{"pushback", status.Error(codes.Unavailable, ""), metadata.Pairs("grpc-retry-pushback-ms", "250"), false, 250 * time.Millisecond},
		{"header of a gateway", status.Error(codes.ResourceExhausted, ""), metadata.Pairs("retry-after", "7"), true, 7 * time.Second},
		{"header that is a date", status.Error(codes.ResourceExhausted, ""), metadata.Pairs("retry-after", "Wed, 21 Oct 2026 07:28:00 GMT"), true, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := &fakeServer{schema: blockSchema}
			f.answer = func(stream flight.FlightService_DoGetServer) error {
				stream.SetTrailer(c.trailer)
				return c.failure
			}
			_, err := collect(t, open(t, dial(t, amp.Config{Server: "http://" + start(t, f)}), amp.Request{SQL: "select 1"}))
			e := fault.Of(err)
			if e == nil || e.Class != fault.Transient || e.Overload != c.overload || e.RetryAfter != c.after {
				t.Errorf("got %+v", e)
			}
		})
	}
}

// TestMessageBeyondTheMemory: it would be the same size the next time, although gRPC has the code of an overloaded server for it.
func TestMessageBeyondTheMemory(t *testing.T) {
	b := array.NewRecordBuilder(memory.DefaultAllocator, blockSchema)
	b.Field(0).(*array.Uint64Builder).Append(1)
	b.Field(1).(*array.StringBuilder).Append(strings.Repeat("x", 5<<20))
	f := &fakeServer{schema: blockSchema}
	f.answer = func(stream flight.FlightService_DoGetServer) error {
		newSender(t, stream, blockSchema).record(b.NewRecordBatch(), `{}`)
		return nil
	}
	client := dial(t, amp.Config{Server: "http://" + start(t, f), Memory: 48 << 20})
	_, err := collect(t, open(t, client, amp.Request{SQL: "select 1"}))
	if e := fault.Of(err); e == nil || e.Class != fault.Permanent || !strings.Contains(e.Help, "--memory") {
		t.Errorf("got %v", err)
	}
	if _, err := amp.Dial(amp.Config{Server: "http://h", Memory: 48<<20 - 1}); err == nil || !strings.Contains(err.Error(), "--memory") {
		t.Errorf("too little memory for one message: %v", err)
	}
}

// TestUnreadStreamStallsTheServer: the server can send as much as fits into the window and the messages that are decoded ahead, and
// other streams of the connection go on.
func TestUnreadStreamStallsTheServer(t *testing.T) {
	b := array.NewRecordBuilder(memory.DefaultAllocator, blockSchema)
	b.Field(0).(*array.Uint64Builder).Append(1)
	b.Field(1).(*array.StringBuilder).Append(strings.Repeat("x", 1<<20))
	row := b.NewRecordBatch()
	sent := make(chan struct{}, 1000)
	f := &fakeServer{schema: blockSchema}
	f.answer = func(stream flight.FlightService_DoGetServer) error {
		w := newSender(t, stream, blockSchema)
		for stream.Context().Err() == nil {
			if err := w.writer.WriteWithAppMetadata(row, []byte(`{}`)); err != nil {
				return err
			}
			sent <- struct{}{}
		}
		return nil
	}
	client := dial(t, amp.Config{Server: "http://" + start(t, f), Memory: 128 << 20, Streams: 2})
	idle := open(t, client, amp.Request{SQL: "select 1"})
	if _, err := idle.Next(t.Context()); err != nil {
		t.Fatal(err)
	}
	busy := open(t, client, amp.Request{SQL: "select 1"})
	const messages = 50
	for range messages {
		if _, err := busy.Next(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	// 4 MiB of window and up to 3 messages here for each stream, and what the server's own side of the connection holds.
	if n := len(sent) - messages; n > 2*(4+3)+4 {
		t.Errorf("the server sent %d MiB more than was read", n)
	}
}

// TestInternalPassesForFormsOfAQueryThatWorks: a chunk of history is a query of its own text, and its failure says little of a query of
// which other chunks came through.
func TestInternalPassesForFormsOfAQueryThatWorks(t *testing.T) {
	f := &fakeServer{schema: blockSchema}
	client := dial(t, amp.Config{Server: "http://" + start(t, f)})
	run := func(sql, of string) error {
		_, err := collect(t, open(t, client, amp.Request{SQL: sql, Of: of}))
		return err
	}
	fails := func(flight.FlightService_DoGetServer) error { return status.Error(codes.Internal, "it went wrong") }
	f.answer = fails
	if err := run("chunk 1", "q"); fault.ClassOf(err) != fault.Permanent {
		t.Errorf("before anything worked: %v", err)
	}
	f.answer = func(stream flight.FlightService_DoGetServer) error {
		newSender(t, stream, blockSchema).record(record(1), `{"ranges":[`+rangeJSON(1, 1)+`],"ranges_complete":true}`)
		return nil
	}
	if err := run("chunk 1", "q"); err != io.EOF {
		t.Fatal(err)
	}
	f.answer = fails
	for i := range 11 {
		want := fault.Transient
		if i == 10 {
			want = fault.Permanent
		}
		if err := run("chunk 2", "q"); fault.ClassOf(err) != want {
			t.Errorf("failure %d: %v", i, err)
		}
	}
	if err := run("chunk 2", "another"); fault.ClassOf(err) != fault.Permanent {
		t.Errorf("another query: %v", err)
	}
}
