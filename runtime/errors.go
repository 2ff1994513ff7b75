package runtime

import "github.com/ampgen/ampgen/runtime/fault"

// Class says what a failure means for what to do next. Packages derive it from driver codes (gRPC status, SQLSTATE), never
// from an error's text.
type Class = fault.Class

// The classes of errors.
const (
	Permanent = fault.Permanent // will fail again: needs a person
	Transient = fault.Transient // may pass: waiting and repeating is right
	Drift     = fault.Drift     // schema of server, table or label file differs from the compiled one
	Fenced    = fault.Fenced    // another instance took over
	Reorged   = fault.Reorged   // the chain left what is committed
	Ambiguous = fault.Ambiguous // a commit whose outcome is unknown: read the state back
	Protocol  = fault.Protocol  // the server broke the rules of its protocol; nothing of the message was stored
)

// Error says what failed, on what, and what class of failure it is.
type Error = fault.Error

// Rule is a line of a package's table of errors.
type Rule = fault.Rule

// Errorf makes an *Error. A %w operand is its cause.
func Errorf(class Class, op, on, format string, args ...any) *Error {
	return fault.Errorf(class, op, on, format, args...)
}

// ClassOf is the class of the outermost *Error in err's chain; an error without one is Permanent.
func ClassOf(err error) Class { return fault.ClassOf(err) }
