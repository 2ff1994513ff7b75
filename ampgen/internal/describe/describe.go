// Package describe asks a server: what schema does it announce for a query, and is that what was inferred. It is the only
// package of the generator that speaks to a network.
package describe

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ampgen/ampgen/ampgen/internal/analyze"
	"github.com/ampgen/ampgen/ampgen/internal/catalog"
	"github.com/ampgen/ampgen/ampgen/internal/ir"
	"github.com/ampgen/ampgen/ampgen/internal/sqlfile"
	"github.com/ampgen/ampgen/runtime/amp"
)

// Server announces schemas without running queries; an *amp.Client is one.
type Server interface {
	Schema(ctx context.Context, sql string, follow bool) (*arrow.Schema, error)
}

// WriteLock asks for the schema of q and writes the lock file beside its query file, below dir. It returns the file's name
// relative to dir, and whether its content changed. The file has the old content or the new, never a part.
func WriteLock(ctx context.Context, server Server, q *sqlfile.Query, dir string) (name string, changed bool, err error) {
	schema, err := server.Schema(ctx, q.SQL, q.Mode == sqlfile.Stream)
	if err != nil {
		return "", false, fmt.Errorf("describe query %s: %w", q.Name.Text, err)
	}
	lock := catalog.Lock{Query: q.Name.Text, SQLSHA256: catalog.HashSQL(q.SQL), Fields: schema.Fields()}
	data, err := lock.Marshal()
	if err != nil {
		return "", false, err
	}
	name = analyze.LockPath(q)
	full := filepath.FromSlash(name)
	if !filepath.IsAbs(full) {
		full = filepath.Join(dir, full)
	}
	if old, err := os.ReadFile(full); err == nil && string(old) == string(data) {
		return name, false, nil
	}
	temp := full + ".tmp"
	if err := os.WriteFile(temp, data, 0o644); err != nil {
		return "", false, fmt.Errorf("write lock file %s: %w", name, err)
	}
	if err := os.Rename(temp, full); err != nil {
		return "", false, fmt.Errorf("write lock file %s: %w", name, err)
	}
	return name, true, nil
}

// Differences compares the inferred schema of p with the server's, one sentence a difference.
func Differences(ctx context.Context, server Server, p *ir.Pipeline) ([]string, error) {
	got, err := server.Schema(ctx, p.SQL, p.Mode == ir.Stream)
	if err != nil {
		return nil, fmt.Errorf("verify query %s: %w", p.Name, err)
	}
	var fields []arrow.Field
	for _, c := range p.Query {
		fields = append(fields, arrow.Field{Name: c.Name, Type: c.Type, Nullable: c.Announced})
	}
	return amp.Differences(arrow.NewSchema(fields, nil), got), nil
}
