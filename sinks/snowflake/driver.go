// Package snowflake loads rows into Snowflake: Parquet files through an internal stage and COPY INTO, or array binds and INSERT,
// with rows, state and fence check in one transaction.
//
// The order of things within a commit. Files are put into the stage before, since that is no part of a transaction. A unit that
// only adds rows copies them first, in parallel with other units, and then counts the fence's row up: the lock on it makes
// commits take turns from there to COMMIT, and the count of updated rows says whether the fence is still this instance's. A unit
// that removes rows as well does that first, behind the fence. Snowflake's record of loaded files decides nothing: every COPY has
// FORCE, and the state says what is loaded. No DDL runs in a transaction, which it would commit.
package snowflake

import (
	"context"
	"fmt"
	"os"

	sf "github.com/snowflakedb/gosnowflake/v2"
	"github.com/spf13/pflag"

	"github.com/ampgen/ampgen/runtime"
	"github.com/ampgen/ampgen/sinks/snowflake/ddl"
)

// driver is the Driver of a loader binary.
type driver struct{ config Config }

// NewDriver makes the Driver of a loader, whose 256-bit integers are held as u says.
func NewDriver(u ddl.Uint256) runtime.Driver {
	return &driver{config: Config{Uint256: u}}
}

func (d *driver) Name() string { return "snowflake" }

func (d *driver) Flags(fs *pflag.FlagSet) {
	c := &d.config
	for _, s := range c.settings() {
		fs.StringVar(s.value, "snowflake-"+s.flag, "", fmt.Sprintf("%s (or %s)", s.usage, s.variable))
	}
	fs.StringVar(&c.Method, "snowflake-method", MethodStage, "how rows are loaded: stage (Parquet files and COPY) or insert (array binds, for small units)")
	fs.Int64Var(&c.FileMiB, "snowflake-file-size", defaultFileMiB, "the `MiB` that a file of the stage should have, compressed")
	fs.IntVar(&c.Connections, "snowflake-connections", defaultConnections, "the most sessions to have open")
}

func (d *driver) DDL(t *runtime.Table) (string, error) {
	text, err := ddl.Create(ddlTable(t, d.config.Uint256))
	if err != nil {
		return "", &runtime.Error{Class: runtime.Permanent, Op: "write the DDL", On: "table " + t.Name, Err: err}
	}
	return text, nil
}

// Open is runtime.Driver's. The driver beneath would log every failed statement to stderr; failures are returned as errors.
func (d *driver) Open(ctx context.Context) (runtime.Sink, error) {
	if err := sf.GetLogger().SetLogLevel("OFF"); err != nil {
		return nil, err
	}
	return Open(ctx, d.config)
}

// holder names this instance for people who look into the fence.
func holder() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return fmt.Sprintf("%s:%d", host, os.Getpid())
}

func ddlTable(t *runtime.Table, u ddl.Uint256) ddl.Table {
	return ddl.Table{Name: t.Name, Schema: t.Schema, Block: t.Block, Key: t.Key, History: t.History, Batch: t.Block == "",
		Stateless: t.Stateless, Uint256: u}
}
