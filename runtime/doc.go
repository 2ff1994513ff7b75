// Package runtime runs generated pipelines: it is the small face that generated code and sinks see.
//
// A generated main calls Main with its Pipeline and the Driver of one sink. Main reads flags and environment, opens the
// Source, works out what is missing in the sink, and moves rows: source, verification, labels, sink transaction, commit.
package runtime
