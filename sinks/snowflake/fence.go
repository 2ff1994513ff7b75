package snowflake

import (
	"context"
	"fmt"

	"github.com/ampgen/ampgen/runtime"
	"github.com/ampgen/ampgen/runtime/crash"
)

// The fence is a row per pipeline and table. Keys are not enforced, so two instances that start the pipeline for the first time
// at once may make a row each: every statement treats all rows of the pipeline alike, and they have one epoch from the first
// takeover on.

// fenceState is who may commit.
type fenceState struct {
	epoch  int64
	holder string
}

// readFence reads the fence, all zero before anyone took it.
func (t *target) readFence(ctx context.Context, c *session) (f fenceState, err error) {
	err = c.query(ctx, func(scan func(...any) error) error {
		var row fenceState
		if err := scan(&row.epoch, &row.holder); err != nil {
			return err
		}
		if row.epoch >= f.epoch {
			f = row
		}
		return nil
	}, `SELECT "EPOCH", "HOLDER" FROM `+t.fence+" WHERE "+own, t.own()...)
	return f, err
}

// lockFence makes every other commit, undo and takeover of the pipeline wait until the transaction ends. It returns how many
// rows the fence has.
func (t *target) lockFence(ctx context.Context, c *session) (int64, error) {
	return c.exec(ctx, `UPDATE `+t.fence+` SET "COMMITS" = "COMMITS" + 1 WHERE `+own, t.own()...)
}

// holdFence is lockFence for a commit: it fails unless epoch is the newest one.
func (t *target) holdFence(ctx context.Context, c *session, epoch int64) error {
	if t.Stateless {
		return nil
	}
	held, err := c.exec(ctx, `UPDATE `+t.fence+` SET "COMMITS" = "COMMITS" + 1 WHERE `+own+` AND "EPOCH" = ?`, t.own(epoch)...)
	if err != nil || held > 0 {
		return err
	}
	f, err := t.readFence(ctx, c)
	if err != nil {
		return err
	}
	return &runtime.Error{Class: runtime.Fenced, Op: "commit", On: t.on(),
		Err:  fmt.Errorf("another instance, %s, loads pipeline %s since epoch %d; this one has epoch %d", f.holder, t.Pipeline, f.epoch, epoch),
		Help: "stop one of the two"}
}

// ensureFence makes the fence's row, outside of a transaction: a takeover is to see those of others.
func (t *target) ensureFence(ctx context.Context, c *session) error {
	n, err := c.count(ctx, "SELECT COUNT(*) FROM "+t.fence+" WHERE "+own, t.own()...)
	if err != nil || n > 0 {
		return err
	}
	_, err = c.exec(ctx, "INSERT INTO "+t.fence+` ("CONNECTION_NAME", "TABLE_NAME", "EPOCH", "HOLDER") VALUES (?, ?, 0, ?)`, t.own("")...)
	return err
}

// takeFence makes holder the one who may commit and returns its epoch.
func (t *target) takeFence(ctx context.Context, c *session, holder string) (int64, error) {
	if _, err := t.lockFence(ctx, c); err != nil {
		return 0, err
	}
	epoch, err := value[int64](ctx, c, `SELECT MAX("EPOCH") FROM `+t.fence+" WHERE "+own, t.own()...)
	if err != nil {
		return 0, err
	}
	epoch++
	_, err = c.exec(ctx, "UPDATE "+t.fence+` SET "EPOCH" = ?, "HOLDER" = ?, "TAKEN_AT" = CAST(CURRENT_TIMESTAMP() AS TIMESTAMP_NTZ) WHERE `+own,
		append([]any{epoch, holder}, t.own()...)...)
	crash.Point(crash.DuringFenceTakeover)
	return epoch, err
}
