package amp

import (
	"context"
	"errors"
	"sync"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/ampgen/ampgen/runtime/fault"
)

// classify makes a *fault.Error of what a call ended with, by its gRPC code. Amp answers mistakes in a query with Internal, as it
// does failures of its own, so that code may pass only where bears, which is asked then, says so. A cancelled ctx is returned as
// ctx.Err().
func (c *Client) classify(ctx context.Context, op string, err error, bears func() bool) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var classified *fault.Error
	if errors.As(err, &classified) {
		return err
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	code := status.Code(err)
	return &fault.Error{Class: classOf(code, bears), Op: op, On: c.on(), Err: err, Help: help[code]}
}

func classOf(code codes.Code, bears func() bool) fault.Class {
	switch code {
	case codes.Unavailable, codes.ResourceExhausted, codes.DeadlineExceeded, codes.Aborted, codes.Canceled:
		return fault.Transient
	case codes.Internal, codes.Unknown:
		if bears() {
			return fault.Transient
		}
	case codes.DataLoss:
		return fault.Protocol
	}
	return fault.Permanent // InvalidArgument, NotFound, Unauthenticated, PermissionDenied, Unimplemented and what is left
}

// maxInternal is how many times in a row a followed query may be answered with Internal before that is taken for a mistake in
// it.
const maxInternal = 10

// patience counts, for followed queries that have worked, how many more times they may be answered with Internal.
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

var help = map[codes.Code]string{
	codes.Unavailable:      "check that the server runs at that address and that http/https match what it speaks",
	codes.Unauthenticated:  "put a valid token into AMP_AUTH_TOKEN or name its file with --token-file",
	codes.PermissionDenied: "the token does not permit this query: ask for one that does",
	codes.Unimplemented:    "the address answers gRPC but is no Amp Flight server: check the port (1602 by default)",
}
