package amp

import (
	"context"
	"errors"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/ampgen/ampgen/runtime/fault"
)

// classify makes a *fault.Error of what a call ended with, by its gRPC code. worked says that the query has yielded something:
// Amp answers mistakes in a query with Internal, so that code may pass only for a query that worked before. A cancelled ctx is
// returned as ctx.Err().
func (c *Client) classify(ctx context.Context, op string, err error, worked bool) error {
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
	return &fault.Error{Class: classOf(code, worked), Op: op, On: c.on(), Err: err, Help: help[code]}
}

func classOf(code codes.Code, worked bool) fault.Class {
	switch code {
	case codes.Unavailable, codes.ResourceExhausted, codes.DeadlineExceeded, codes.Aborted, codes.Canceled:
		return fault.Transient
	case codes.Internal, codes.Unknown:
		if worked {
			return fault.Transient
		}
	case codes.DataLoss:
		return fault.Protocol
	}
	return fault.Permanent // InvalidArgument, NotFound, Unauthenticated, PermissionDenied, Unimplemented and what is left
}

var help = map[codes.Code]string{
	codes.Unavailable:      "check that the server runs at that address and that http/https match what it speaks",
	codes.Unauthenticated:  "put a valid token into AMP_AUTH_TOKEN or name its file with --token-file",
	codes.PermissionDenied: "the token does not permit this query: ask for one that does",
	codes.Unimplemented:    "the address answers gRPC but is no Amp Flight server: check the port (1602 by default)",
}
