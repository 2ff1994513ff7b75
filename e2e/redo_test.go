package e2e

import (
	"syscall"
	"testing"
	"time"
)

// TestRedoWhileFollowing damages rows of blocks that a loader has loaded, and loads these blocks again while it goes on.
func TestRedoWhileFollowing(t *testing.T) {
	for _, s := range followable {
		t.Run(s.name, func(t *testing.T) { testRedoWhileFollowing(t, s) })
	}
}

func testRedoWhileFollowing(t *testing.T, s system) {
	f := newFollowed(t, s, 30)
	live := f.start(t)
	f.awaitTip(t, live)
	if _, err := f.db.ExecContext(t.Context(), "DELETE FROM erc20_transfers WHERE block_num BETWEEN 5 AND 12 AND log_index % 2 = 0"); err != nil {
		t.Fatal(err)
	}
	if _, err := f.db.ExecContext(t.Context(), "UPDATE erc20_transfers SET value = '1' WHERE block_num = 17"); err != nil {
		t.Fatal(err)
	}

	f.SetMining(200 * time.Millisecond)
	_, out := command(t, repository, f.loader, "redo", "--range", "5-17", "--server", f.server.url, s.location, f.target)
	contains(t, out, "13 blocks in ")
	f.awaitGrowth(t, live)
	f.SetMining(0)
	f.awaitTip(t, live)
	f.check(t)

	status, _ := command(t, repository, f.loader, "status", s.location, f.target)
	contains(t, status, "table erc20_transfers, pipeline erc20_transfers", "blocks: 0-", "its time: ", "last commit: ", "writer: ", "number 1\n")
	live.signal(t, syscall.SIGTERM)
	live.expect(t, 0) // nobody took its fence
}
