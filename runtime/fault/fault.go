// Package fault classifies errors by what they mean for what to do next. Package runtime re-exports it; the packages that
// runtime itself imports use it directly.
package fault

import (
	"errors"
	"fmt"
	"time"
)

// Class says what a failure means for what to do next. Packages derive it from driver codes (gRPC status, SQLSTATE), never
// from an error's text.
type Class int

// The classes of errors.
const (
	Permanent Class = iota // will fail again: needs a person
	Transient              // may pass: waiting and repeating is right
	Drift                  // schema of server, table or label file differs from the compiled one
	Fenced                 // another instance took over
	Reorged                // the chain left what is committed
	Ambiguous              // a commit whose outcome is unknown: read the state back
	Protocol               // the server broke the rules of its protocol; nothing of the message was stored
)

var classNames = [...]string{"permanent", "transient", "drift", "fenced", "reorg", "ambiguous", "protocol"}

func (c Class) String() string { return classNames[c] }

// Error says what failed, on what, and what class of failure it is.
type Error struct {
	Class Class
	Op    string // what was done, such as "copy rows"
	On    string // on what, such as "table analytics.transfers"; may be empty
	Help  string // what to do, when there is something to say; may be empty
	Err   error

	// Overload says that the other side had too much to do: it refused for that reason, or did not answer in time. Whoever asks
	// again should ask less often.
	Overload bool
	// RetryAfter is how long the other side said to wait before asking again; 0 if it said nothing.
	RetryAfter time.Duration
}

func (e *Error) Error() string {
	s := e.Op
	if e.On != "" {
		s += " on " + e.On
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	if e.Help != "" {
		s += "; " + e.Help
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }

// longestHint is how long the other side may have us wait. A longer hint is a mistake, or a loader that stands still.
const longestHint = 5 * time.Minute

// Wait is how long to wait since the other side says so: RetryAfter within reason. It is 0 if it said nothing, also for a nil *Error.
func (e *Error) Wait() time.Duration {
	if e == nil {
		return 0
	}
	return min(max(0, e.RetryAfter), longestHint)
}

// Errorf makes an *Error. A %w operand is its cause.
func Errorf(class Class, op, on, format string, args ...any) *Error {
	return &Error{Class: class, Op: op, On: on, Err: fmt.Errorf(format, args...)}
}

// Of is the outermost *Error in err's chain; nil if there is none.
func Of(err error) *Error {
	var e *Error
	errors.As(err, &e)
	return e
}

// ClassOf is the class of the outermost *Error in err's chain; an error without one is Permanent.
func ClassOf(err error) Class {
	if e := Of(err); e != nil {
		return e.Class
	}
	return Permanent
}

// Passes reports whether trying again, from the state that the sink has then, may succeed. A commit or an undo whose outcome is
// unknown is settled by that state.
func Passes(err error) bool {
	class := ClassOf(err)
	return class == Transient || class == Ambiguous
}

// Rule is a line of the table of errors: what the loader takes a code of a driver for, and what someone can do about it.
// docs/errors.md is made of these tables.
type Rule struct {
	Code     string // as the driver has it
	Means    string
	Class    Class
	Overload bool
	Help     string // what to do; empty: nothing, or nothing in general
}
