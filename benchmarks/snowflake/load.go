package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"golang.org/x/sync/errgroup"

	"github.com/ampgen/ampgen/benchmarks/transfers"
	erc20transfers "github.com/ampgen/ampgen/generated/erc20_transfers"
	"github.com/ampgen/ampgen/runtime"
	"github.com/ampgen/ampgen/sinks/snowflake"
	"github.com/ampgen/ampgen/sinks/snowflake/ddl"
	"github.com/ampgen/ampgen/sinks/snowflake/snowtest"
)

// units is how many commits a load has, whoever makes them.
const units = 8

// load loads the rows of w into a server of its own and returns how long that took, without preparation.
func load(ctx context.Context, w way) (took time.Duration, err error) {
	dir, err := os.MkdirTemp("", "snowflake-bench-")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	server, err := snowtest.New(dir)
	if err != nil {
		return 0, err
	}
	defer server.Close()
	sink, err := open(ctx, server, dir, w)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, sink.Close()) }()
	table := erc20transfers.SnowflakeTable()
	if err := sink.Prepare(ctx, &table); err != nil {
		return 0, err
	}
	parts := divided(transfers.Batches(w.rows, table.Schema))
	start := time.Now()
	if err := loadAll(ctx, sink, w.workers, parts); err != nil {
		return 0, err
	}
	took = time.Since(start)
	return took, counted(server, &table, w.rows)
}

// open logs in to the server as a loader does.
func open(ctx context.Context, server *snowtest.Server, dir string, w way) (*snowflake.Sink, error) {
	password := filepath.Join(dir, "password")
	if err := os.WriteFile(password, []byte(snowtest.Password), 0o600); err != nil {
		return nil, err
	}
	driver := server.Config()
	return snowflake.Open(ctx, snowflake.Config{Account: driver.Account, User: driver.User, PasswordFile: password, Database: driver.Database,
		Schema: driver.Schema, Warehouse: driver.Warehouse, Role: driver.Role, Host: fmt.Sprintf("http://%s:%d", driver.Host, driver.Port),
		Method: w.method})
}

// divided are the batches of each unit, which has none if there are few.
func divided(batches []arrow.RecordBatch) [][]arrow.RecordBatch {
	parts := make([][]arrow.RecordBatch, units)
	for i, b := range batches {
		u := i * units / len(batches)
		parts[u] = append(parts[u], b)
	}
	return parts
}

// loadAll commits the parts as units of their own, by so many workers.
func loadAll(ctx context.Context, sink *snowflake.Sink, workers int, parts [][]arrow.RecordBatch) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(workers)
	for i, part := range parts {
		group.Go(func() error {
			blocks := runtime.Range{Network: "mainnet", Start: uint64(1000 * i), End: uint64(1000*i + 999), Hash: fmt.Sprintf("0x%02x", i)}
			tx, err := sink.Begin(ctx, runtime.Unit{Ranges: []runtime.Range{blocks}})
			if err != nil {
				return err
			}
			defer tx.Rollback(ctx)
			for _, rows := range part {
				if err := tx.Write(ctx, rows); err != nil {
					return err
				}
			}
			return tx.Commit(ctx)
		})
	}
	return group.Wait()
}

// counted checks that all rows have arrived.
func counted(server *snowtest.Server, table *runtime.Table, rows int) error {
	name, err := ddl.ParseName(table.Name)
	if err != nil {
		return err
	}
	got, err := server.SQL("SELECT COUNT(*) FROM " + name.String())
	if err != nil {
		return err
	}
	if want := strconv.Itoa(rows); got[0][0] != want {
		return fmt.Errorf("%s rows are in the table instead of %s", got[0][0], want)
	}
	return nil
}
