package main

import (
	"io"
	"testing"
)

// Every way loads all rows.
func TestWaysLoadEverything(t *testing.T) {
	if err := compare(t.Context(), io.Discard, options{rows: 20_000, insertRows: 2_000, rounds: 1}); err != nil {
		t.Error(err)
	}
}
