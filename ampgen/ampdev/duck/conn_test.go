package duck

import (
	"context"
	"testing"
)

// TestTransactionAfterCancel cancels when the work is done: the transaction is committed all the same, and the connection is
// ready for the next one.
func TestTransactionAfterCancel(t *testing.T) {
	db, err := Open("")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	c, err := db.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ctx, cancel := context.WithCancel(t.Context())
	err = c.Transaction(ctx, func() error {
		defer cancel()
		return c.Exec(ctx, "CREATE TABLE kept (i INTEGER)")
	})
	if err != nil {
		t.Errorf("transaction: %v", err)
	}
	if err := c.Transaction(t.Context(), func() error { return c.Exec(t.Context(), "INSERT INTO kept VALUES (1)") }); err != nil {
		t.Errorf("the next transaction: %v", err)
	}
}
