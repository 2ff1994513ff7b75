package amp_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/flight"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/ampgen/ampgen/runtime/amp"
	"github.com/ampgen/ampgen/runtime/blockrange"
	"github.com/ampgen/ampgen/runtime/fault"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const maxUint64 = 1<<64 - 1

var hash = "0x" + strings.Repeat("ab", 32)

func dial(t *testing.T, cfg amp.Config) *amp.Client {
	t.Helper()
	client, err := amp.Dial(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

func open(t *testing.T, client *amp.Client, req amp.Request) *amp.Stream {
	t.Helper()
	stream, err := client.Open(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stream.Close() })
	return stream
}

// seen is a message as a test compares it.
type seen struct {
	Blocks   []uint64 // nil: metadata only
	Ranges   []blockrange.Range
	Complete bool
}

func collect(t *testing.T, stream *amp.Stream) ([]seen, error) {
	t.Helper()
	var out []seen
	for {
		m, err := stream.Next(t.Context())
		if err != nil {
			return out, err
		}
		s := seen{Ranges: m.Ranges, Complete: m.Complete}
		if m.Record != nil {
			s.Blocks = append([]uint64{}, m.Record.Column(0).(*array.Uint64).Uint64Values()...)
		}
		out = append(out, s)
	}
}

func rangeJSON(start, end uint64) string {
	return fmt.Sprintf(`{"network":"mainnet","numbers":{"start":%d,"end":%d},"hash":"%s","prev_hash":null}`, start, end, hash)
}

func TestMessagesKeepTheirMetadata(t *testing.T) {
	f := &fakeServer{schema: blockSchema}
	f.answer = func(stream flight.FlightService_DoGetServer) error {
		s := newSender(t, stream, blockSchema)
		s.metadataOnly(`{"ranges":[],"ranges_complete":true}`) // before the schema, too
		s.metadataOnly(``)
		s.record(record(), `{"ranges":[`+rangeJSON(1, 2)+`],"ranges_complete":false,"unknown":{"a":[1]}}`)
		s.record(record(1, 1, 2), `{"ranges_complete":false,"ranges":[`+rangeJSON(1, 2)+`]}`)
		s.metadataOnly(`{"ranges":[` + rangeJSON(1, 2) + `],"ranges_complete":true}`)
		s.record(record(maxUint64), `{"ranges":[`+rangeJSON(3, maxUint64)+`],"ranges_complete":true}`)
		s.record(record(7), ``)
		return nil
	}
	stream := open(t, dial(t, amp.Config{Server: "grpc://" + start(t, f)}), amp.Request{SQL: "select 1", Follow: true})
	if !stream.Schema().Equal(blockSchema) {
		t.Errorf("schema is %s", stream.Schema())
	}
	got, err := collect(t, stream)
	if err != io.EOF {
		t.Fatalf("stream ended with %v, want io.EOF", err)
	}
	first := []blockrange.Range{{Network: "mainnet", Start: 1, End: 2, Hash: hash}}
	want := []seen{
		{nil, nil, true},
		{[]uint64{}, first, false},
		{[]uint64{1, 1, 2}, first, false},
		{nil, first, true},
		{[]uint64{maxUint64}, []blockrange.Range{{Network: "mainnet", Start: 3, End: maxUint64, Hash: hash}}, true},
		{[]uint64{7}, nil, false},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if _, err := stream.Next(t.Context()); err != io.EOF {
		t.Errorf("after the end Next returns %v", err)
	}
}

func TestHeaders(t *testing.T) {
	f := &fakeServer{schema: blockSchema, answer: func(flight.FlightService_DoGetServer) error { return nil }}
	client := dial(t, amp.Config{Server: "http://" + start(t, f), Token: "secret"})
	tests := []struct {
		name           string
		req            amp.Request
		stream, resume []string
	}{
		{"batch", amp.Request{SQL: "select 1"}, []string{"false"}, nil},
		{"follow from the start", amp.Request{SQL: "select 2", Follow: true}, []string{"true"}, nil},
		{"follow from a block", amp.Request{SQL: "select 3", Follow: true, Cursor: map[string]amp.Cursor{"mainnet": {maxUint64, hash}}},
			[]string{"true"}, []string{`{"mainnet":{"number":18446744073709551615,"hash":"` + hash + `"}}`}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			stream := open(t, client, test.req)
			if _, err := collect(t, stream); err != io.EOF {
				t.Fatal(err)
			}
			if f.sql != test.req.SQL {
				t.Errorf("server got %q", f.sql)
			}
			got := [][]string{f.infoHead["amp-stream"], f.infoHead["amp-resume"], f.infoHead["authorization"], f.doGetHead["authorization"]}
			want := [][]string{test.stream, test.resume, {"Bearer secret"}, {"Bearer secret"}}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestBadCursorIsRefused(t *testing.T) {
	f := &fakeServer{schema: blockSchema}
	client := dial(t, amp.Config{Server: "http://" + start(t, f)})
	for _, bad := range []string{"", "abc", "0x12", "0x" + strings.Repeat("zz", 32)} {
		_, err := client.Open(t.Context(), amp.Request{SQL: "select 1", Follow: true, Cursor: map[string]amp.Cursor{"mainnet": {5, bad}}})
		if err == nil || !strings.Contains(err.Error(), "is not a block hash") {
			t.Errorf("cursor with hash %q: %v", bad, err)
		}
	}
}

func TestSchemaRunsNothing(t *testing.T) {
	f := &fakeServer{schema: blockSchema, answer: func(flight.FlightService_DoGetServer) error {
		t.Error("the query was run")
		return nil
	}}
	schema, err := dial(t, amp.Config{Server: "http://" + start(t, f)}).Schema(t.Context(), "select 1", false)
	if err != nil || !schema.Equal(blockSchema) {
		t.Errorf("schema %v, error %v", schema, err)
	}
}

func TestErrorsAreClassifiedByCode(t *testing.T) {
	tests := []struct {
		code                     codes.Code
		planning, first, midways fault.Class
	}{
		{codes.Unavailable, fault.Transient, fault.Transient, fault.Transient},
		{codes.ResourceExhausted, fault.Transient, fault.Transient, fault.Transient},
		{codes.Aborted, fault.Transient, fault.Transient, fault.Transient},
		{codes.DeadlineExceeded, fault.Transient, fault.Transient, fault.Transient},
		{codes.Internal, fault.Permanent, fault.Permanent, fault.Transient},
		{codes.InvalidArgument, fault.Permanent, fault.Permanent, fault.Permanent},
		{codes.NotFound, fault.Permanent, fault.Permanent, fault.Permanent},
		{codes.Unauthenticated, fault.Permanent, fault.Permanent, fault.Permanent},
		{codes.PermissionDenied, fault.Permanent, fault.Permanent, fault.Permanent},
		{codes.Unimplemented, fault.Permanent, fault.Permanent, fault.Permanent},
	}
	for _, test := range tests {
		t.Run(test.code.String(), func(t *testing.T) {
			failure := status.Error(test.code, "it went wrong")
			check := func(when string, err error, want fault.Class) {
				t.Helper()
				if status.Code(errors.Unwrap(err)) != test.code || fault.ClassOf(err) != want {
					t.Errorf("%s: class %s of %v, want %s", when, fault.ClassOf(err), err, want)
				}
			}
			f := &fakeServer{schema: blockSchema, plan: func(string) error { return failure }}
			client := dial(t, amp.Config{Server: "http://" + start(t, f)})
			_, err := client.Open(t.Context(), amp.Request{SQL: "select 1"})
			check("planning", err, test.planning)

			f.plan, f.answer = nil, func(flight.FlightService_DoGetServer) error { return failure }
			_, err = collect(t, open(t, client, amp.Request{SQL: "select 1"}))
			check("first message", err, test.first)

			f.answer = func(stream flight.FlightService_DoGetServer) error {
				newSender(t, stream, blockSchema).record(record(1), `{"ranges":[`+rangeJSON(1, 1)+`]}`)
				return failure
			}
			got, err := collect(t, open(t, client, amp.Request{SQL: "select 1"}))
			check("after a message", err, test.midways)
			if len(got) != 1 {
				t.Errorf("%d messages before the failure, want 1", len(got))
			}
		})
	}
}

// TestInternalPassesForAWhile: a followed query that has worked bears ten failures inside the server in a row, and ten more once
// a microbatch is complete.
func TestInternalPassesForAWhile(t *testing.T) {
	failure := status.Error(codes.Internal, "it went wrong")
	f := &fakeServer{schema: blockSchema}
	client := dial(t, amp.Config{Server: "http://" + start(t, f)})
	request := amp.Request{SQL: "select 1", Follow: true}
	fail := func(want ...fault.Class) {
		t.Helper()
		for i, class := range want {
			f.plan = func(string) error { return failure }
			if _, err := client.Open(t.Context(), request); fault.ClassOf(err) != class {
				t.Fatalf("failure %d: class %s of %v, want %s", i, fault.ClassOf(err), err, class)
			}
		}
		f.plan = nil
	}
	yield := func(complete bool, want fault.Class) {
		t.Helper()
		f.answer = func(stream flight.FlightService_DoGetServer) error {
			newSender(t, stream, blockSchema).record(record(1), fmt.Sprintf(`{"ranges":[%s],"ranges_complete":%t}`, rangeJSON(1, 1), complete))
			return failure
		}
		if _, err := collect(t, open(t, client, request)); fault.ClassOf(err) != want {
			t.Fatalf("after a message: class %s of %v, want %s", fault.ClassOf(err), err, want)
		}
	}
	ten := slices.Repeat([]fault.Class{fault.Transient}, 10)
	fail(fault.Permanent, fault.Permanent) // it never worked
	yield(false, fault.Transient)
	fail(ten[:8]...)
	yield(false, fault.Transient)
	yield(false, fault.Permanent)
	yield(true, fault.Transient)
	fail(append(ten[:9], fault.Permanent)...)
}

func TestServerThatDoesNotAnswer(t *testing.T) {
	client := dial(t, amp.Config{Server: "http://127.0.0.1:1"})
	_, err := client.Open(t.Context(), amp.Request{SQL: "select 1"})
	if fault.ClassOf(err) != fault.Transient || !strings.Contains(err.Error(), "server http://127.0.0.1:1") {
		t.Errorf("got %v", err)
	}
}

func TestBadMetadata(t *testing.T) {
	tests := []struct{ text, want string }{
		{`{`, "metadata is not the JSON that Amp sends"},
		{`{"ranges":7}`, "metadata is not the JSON that Amp sends"},
		{`{"ranges":[{"network":"mainnet","numbers":{"start":1.5,"end":2}}]}`, "metadata is not the JSON that Amp sends"},
		{`{"ranges":[{"network":"mainnet","numbers":{"start":1,"end":18446744073709551616}}]}`, "metadata is not the JSON that Amp sends"},
		{`{"ranges":[{"numbers":{"start":1,"end":2}}]}`, "range without a network"},
		{`{"ranges":[{"network":"mainnet","numbers":{"start":1}}]}`, "range of mainnet without its block numbers"},
		{`{"ranges":[` + rangeJSON(5, 4) + `]}`, "starts at 5 and ends before, at 4"},
	}
	for _, test := range tests {
		for _, only := range []bool{false, true} {
			f := &fakeServer{schema: blockSchema}
			f.answer = func(stream flight.FlightService_DoGetServer) error {
				s := newSender(t, stream, blockSchema)
				if only {
					s.metadataOnly(test.text)
				} else {
					s.record(record(1), test.text)
				}
				return nil
			}
			got, err := collect(t, open(t, dial(t, amp.Config{Server: "http://" + start(t, f)}), amp.Request{SQL: "select 1"}))
			if len(got) != 0 || err == nil || fault.ClassOf(err) != fault.Protocol || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%s (metadata only: %t): %d messages, %v", test.text, only, len(got), err)
			}
		}
	}
}

func TestSchemaThatChangesBetweenTheCalls(t *testing.T) {
	other := arrow.NewSchema([]arrow.Field{{Name: "block_num", Type: arrow.PrimitiveTypes.Int64}, blockSchema.Field(1)}, nil)
	f := &fakeServer{schema: other}
	f.answer = func(stream flight.FlightService_DoGetServer) error {
		newSender(t, stream, blockSchema).record(record(1), `{}`)
		return nil
	}
	_, err := collect(t, open(t, dial(t, amp.Config{Server: "http://" + start(t, f)}), amp.Request{SQL: "select 1"}))
	if fault.ClassOf(err) != fault.Drift || !strings.Contains(err.Error(), `column "block_num" is uint64 not null, not int64 not null`) {
		t.Errorf("got %v", err)
	}
}

func TestLargeMessage(t *testing.T) {
	b := array.NewRecordBuilder(memory.DefaultAllocator, blockSchema)
	b.Field(0).(*array.Uint64Builder).Append(1)
	b.Field(1).(*array.StringBuilder).Append(strings.Repeat("x", 64<<20))
	f := &fakeServer{schema: blockSchema}
	f.answer = func(stream flight.FlightService_DoGetServer) error {
		newSender(t, stream, blockSchema).record(b.NewRecordBatch(), `{}`)
		return nil
	}
	got, err := collect(t, open(t, dial(t, amp.Config{Server: "http://" + start(t, f)}), amp.Request{SQL: "select 1"}))
	if len(got) != 1 || err != io.EOF {
		t.Errorf("%d messages, %v", len(got), err)
	}
}

func TestIdleStreamIsCancelledAtOnce(t *testing.T) {
	serverStarted, serverEnded := make(chan struct{}), make(chan struct{})
	f := &fakeServer{schema: blockSchema}
	f.answer = func(stream flight.FlightService_DoGetServer) error { // not even the schema, as on an idle chain
		close(serverStarted)
		<-stream.Context().Done()
		close(serverEnded)
		return stream.Context().Err()
	}
	stream := open(t, dial(t, amp.Config{Server: "http://" + start(t, f)}), amp.Request{SQL: "select 1", Follow: true})
	if !stream.Schema().Equal(blockSchema) {
		t.Error("the schema is known before the first message")
	}
	<-serverStarted
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := stream.Next(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Next with a cancelled context: %v", err)
	}
	stream.Close()
	<-serverEnded
}

func TestCloseWithUnreadMessages(t *testing.T) {
	f := &fakeServer{schema: blockSchema}
	f.answer = func(stream flight.FlightService_DoGetServer) error {
		s := newSender(t, stream, blockSchema)
		for stream.Context().Err() == nil {
			s.record(record(1), `{}`)
		}
		return nil
	}
	stream := open(t, dial(t, amp.Config{Server: "http://" + start(t, f)}), amp.Request{SQL: "select 1", Follow: true})
	if _, err := stream.Next(t.Context()); err != nil {
		t.Fatal(err)
	}
	stream.Close() // goleak sees a goroutine that stays
}

func FuzzMetadata(f *testing.F) {
	f.Add([]byte(`{"ranges":[` + rangeJSON(1, 2) + `],"ranges_complete":true}`))
	f.Add([]byte(`{"ranges":[{"network":"a","numbers":{"start":0,"end":18446744073709551615},"prev_hash":"0x00","timestamp":-1}]}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, text []byte) {
		ranges, _, err := amp.DecodeMetadata(text)
		for _, r := range ranges {
			if err != nil || r.Start > r.End || r.Network == "" {
				t.Errorf("%s: range %v with error %v", text, r, err)
			}
		}
	})
}
