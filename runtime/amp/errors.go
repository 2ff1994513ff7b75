package amp

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/stats"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/ampgen/ampgen/runtime/fault"
)

// rules says what a gRPC code means. What is not listed is Permanent. Amp answers mistakes in a query with Internal, as it does
// failures of its own: those codes pass only for a query that has worked, and not for ever.
var rules = map[codes.Code]fault.Rule{
	codes.Unavailable: {Class: fault.Transient, Means: "the server cannot be reached, or is starting or stopping",
		Help: "check that the server runs at that address and that http/https match what it speaks"},
	codes.ResourceExhausted: {Class: fault.Transient, Overload: true, Means: "a rate limit or a quota, or the server's memory is used up",
		Help: "if it lasts: fewer --workers, or smaller --chunk-blocks"},
	codes.DeadlineExceeded: {Class: fault.Transient, Overload: true, Means: "no answer in time",
		Help: "if it lasts: smaller --chunk-blocks"},
	codes.Aborted:  {Class: fault.Transient, Means: "the server gave up the query"},
	codes.Canceled: {Class: fault.Transient, Means: "the server ended the query"},
	codes.Internal: {Class: fault.Permanent, Means: "a failure inside the server, or a mistake in the query; transient, ten times in a row, once the query has worked",
		Help: "if the query never worked: compare it with the server's tables; otherwise ask who runs the server"},
	codes.Unknown:            {Class: fault.Permanent, Means: "as Internal", Help: "ask who runs the server"},
	codes.DataLoss:           {Class: fault.Protocol, Means: "the server's data is damaged", Help: "ask who runs the server"},
	codes.InvalidArgument:    {Class: fault.Permanent, Means: "the server refuses the query", Help: "mend the query, and generate the loader again"},
	codes.NotFound:           {Class: fault.Permanent, Means: "a table of the query is not there", Help: "check the dataset's name and version"},
	codes.FailedPrecondition: {Class: fault.Permanent, Means: "the server refuses the query as things are", Help: "ask who runs the server"},
	codes.OutOfRange:         {Class: fault.Permanent, Means: "the server refuses a value of the query", Help: "mend the query"},
	codes.Unauthenticated: {Class: fault.Permanent, Means: "the token is missing, wrong or expired",
		Help: "put a valid token into AMP_AUTH_TOKEN or name its file with --token-file"},
	codes.PermissionDenied: {Class: fault.Permanent, Means: "the token does not permit the query",
		Help: "the token does not permit this query: ask for one that does"},
	codes.Unimplemented: {Class: fault.Permanent, Means: "no Amp server",
		Help: "the address answers gRPC but is no Amp Flight server: check the port (1602 by default)"},
}

// Rules is the table of errors of an Amp server, in the order of the gRPC codes.
func Rules() []fault.Rule {
	var out []fault.Rule
	for code := codes.OK; code <= codes.Unauthenticated; code++ {
		if rule, ok := rules[code]; ok {
			rule.Code = code.String()
			out = append(out, rule)
		}
	}
	return out
}

// call is what is learned of a gRPC call beside its status. It is in the call's context, for the client's stats handler.
type call struct {
	mu       sync.Mutex
	trailer  metadata.MD
	answered bool // the server ended it; otherwise a status is this side's own
}

type callKey struct{}

// watched is a context whose call is watched.
func watched(ctx context.Context) (context.Context, *call) {
	c := &call{}
	return context.WithValue(ctx, callKey{}, c), c
}

// ends watches how calls end. It is a stats.Handler.
type ends struct{}

func (ends) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context   { return ctx }
func (ends) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }
func (ends) HandleConn(context.Context, stats.ConnStats)                       {}

func (ends) HandleRPC(ctx context.Context, s stats.RPCStats) {
	end, ok := s.(*stats.InTrailer)
	c, watched := ctx.Value(callKey{}).(*call)
	if !ok || !watched {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answered, c.trailer = true, end.Trailer
}

// classify makes a *fault.Error of what a call ended with, by its gRPC code. Whether Internal may pass, bears says, which is asked
// then. A cancelled ctx is returned as ctx.Err().
func (c *Client) classify(ctx context.Context, op string, err error, of *call, bears func() bool) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if fault.Of(err) != nil {
		return err
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	of.mu.Lock()
	defer of.mu.Unlock()
	code := status.Code(err)
	if code == codes.ResourceExhausted && !of.answered {
		return &fault.Error{Class: fault.Permanent, Op: op, On: c.on(), Err: err,
			Help: "a message of the server is larger than --memory allows for one: raise it, or use fewer --workers"}
	}
	rule := rules[code]
	if (code == codes.Internal || code == codes.Unknown) && bears() {
		rule.Class = fault.Transient
	}
	return &fault.Error{Class: rule.Class, Op: op, On: c.on(), Err: err, Help: rule.Help, Overload: rule.Overload,
		RetryAfter: retryAfter(err, of.trailer)}
}

// retryAfter is how long the server said to wait: by the status's google.rpc.RetryInfo, by gRPC's own trailer for the purpose, or by
// the HTTP header that a gateway may have passed on.
func retryAfter(err error, trailer metadata.MD) time.Duration {
	for _, detail := range status.Convert(err).Proto().GetDetails() {
		if detail.GetTypeUrl() == "type.googleapis.com/google.rpc.RetryInfo" {
			if d, ok := retryDelay(detail.GetValue()); ok {
				return d
			}
		}
	}
	for name, unit := range map[string]time.Duration{"grpc-retry-pushback-ms": time.Millisecond, "retry-after": time.Second} {
		if values := trailer.Get(name); len(values) > 0 {
			if n, err := strconv.ParseUint(values[0], 10, 31); err == nil {
				return time.Duration(n) * unit
			}
		}
	}
	return 0
}

// retryDelay reads a google.rpc.RetryInfo, whose first field is a duration.
func retryDelay(info []byte) (time.Duration, bool) {
	number, kind, n := protowire.ConsumeTag(info)
	if n < 0 || number != 1 || kind != protowire.BytesType {
		return 0, false
	}
	value, m := protowire.ConsumeBytes(info[n:])
	var d durationpb.Duration
	if m < 0 || proto.Unmarshal(value, &d) != nil || d.CheckValid() != nil || d.AsDuration() < 0 {
		return 0, false
	}
	return d.AsDuration(), true
}

// maxInternal is how many times in a row a query may be answered with Internal before that is taken for a mistake in
// it.
const maxInternal = 10

// patience counts, for queries that have worked, how many more times they may be answered with Internal.
type patience struct {
	mu   sync.Mutex
	left map[string]int // by SQL
}

// renew says that the query works: it yielded its first message, or completed a microbatch.
func (p *patience) renew(sql string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.left[sql] = maxInternal
}

// knows reports whether the query has worked.
func (p *patience) knows(sql string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, ok := p.left[sql]
	return ok
}

// bears counts one more failure, and reports whether it may pass.
func (p *patience) bears(sql string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.left[sql] == 0 {
		return false
	}
	p.left[sql]--
	return true
}
