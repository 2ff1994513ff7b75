// Package fault classifies errors by what they mean for what to do next. Package runtime re-exports it; the packages that
// runtime itself imports use it directly.
package fault

import (
	"errors"
	"fmt"
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

// Errorf makes an *Error. A %w operand is its cause.
func Errorf(class Class, op, on, format string, args ...any) *Error {
	return &Error{Class: class, Op: op, On: on, Err: fmt.Errorf(format, args...)}
}

// ClassOf is the class of the outermost *Error in err's chain; an error without one is Permanent.
func ClassOf(err error) Class {
	var e *Error
	if errors.As(err, &e) {
		return e.Class
	}
	return Permanent
}
