// Package postgres loads rows into PostgreSQL: binary COPY into the table, with rows, state and fence check in one
// transaction.
package postgres

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/spf13/pflag"

	"github.com/ampgen/ampgen/runtime"
	"github.com/ampgen/ampgen/runtime/pgcopy"
	"github.com/ampgen/ampgen/sinks/postgres/ddl"
)

// Config says how to connect. The standard environment variables (PGHOST, PGUSER, PGPASSWORD, PGSSLMODE and so on) and the
// files ~/.pgpass and ~/.pg_service.conf apply to everything that is not set.
type Config struct {
	// URL is a connection URL, such as postgres://loader@db.example.com/analytics?sslrootcert=/etc/ca.pem, and may be empty. It
	// has no password: URLs are seen in process lists and logs.
	URL string
	// PasswordFile is a file that holds the password and nothing else but white space at its end. It may be empty.
	PasswordFile string
	// Connections is how many commit units may be open at once; each holds one connection. 0 means 8.
	Connections int
	// NewEncoder makes the table's encoder; each open unit has its own.
	NewEncoder func() pgcopy.Encoder
}

const (
	defaultConnections = 8
	passwordHelp       = "put the password into the environment variable PGPASSWORD, into ~/.pgpass, or into the file of --postgres-password-file"
)

// driver is the Driver of a loader binary.
type driver struct{ config Config }

// NewDriver makes the Driver of a loader whose rows newEncoder's encoders write.
func NewDriver(newEncoder func() pgcopy.Encoder) runtime.Driver {
	return &driver{config: Config{NewEncoder: newEncoder}}
}

func (d *driver) Name() string { return "postgres" }

func (d *driver) Flags(fs *pflag.FlagSet) {
	fs.StringVar(&d.config.URL, "postgres-url", "",
		"connection URL without a password, postgres://user@host/database; the PG* environment variables apply to what it leaves out")
	fs.StringVar(&d.config.PasswordFile, "postgres-password-file", "", "file that holds the password; otherwise PGPASSWORD or ~/.pgpass")
	fs.IntVar(&d.config.Connections, "postgres-connections", defaultConnections, "the most connections to open")
}

func (d *driver) DDL(t *runtime.Table) (string, error) {
	text, err := ddl.Create(ddlTable(t))
	if err != nil {
		return "", &runtime.Error{Class: runtime.Permanent, Op: "write the DDL", On: "table " + t.Name, Err: err}
	}
	return text, nil
}

func (d *driver) Open(ctx context.Context) (runtime.Sink, error) { return Open(ctx, d.config) }

// Open connects. A server that cannot be reached is a Transient error; a refused login is Permanent.
func Open(ctx context.Context, config Config) (*Sink, error) {
	poolConfig, err := config.pool()
	if err != nil {
		return nil, err
	}
	on := where(poolConfig.ConnConfig)
	pool, err := pgxpool.NewWithConfig(ctx, poolConfig)
	if err == nil {
		if err = pool.Ping(ctx); err != nil {
			pool.Close()
		}
	}
	if err != nil {
		return nil, classify("connect", on, err)
	}
	return &Sink{pool: pool, newEncoder: config.NewEncoder, holder: holder()}, nil
}

// where names the database and the places in which it is looked for.
func where(c *pgx.ConnConfig) string {
	database := c.Database
	if database == "" {
		database = c.User // PostgreSQL's own default
	}
	hosts := []string{place(c.Host, c.Port)}
	for _, f := range c.Fallbacks {
		if p := place(f.Host, f.Port); !slices.Contains(hosts, p) {
			hosts = append(hosts, p)
		}
	}
	return fmt.Sprintf("database %s at %s", database, strings.Join(hosts, ", "))
}

func place(host string, port uint16) string {
	if strings.HasPrefix(host, "/") {
		return fmt.Sprintf("%s (port %d)", host, port)
	}
	return net.JoinHostPort(host, strconv.Itoa(int(port)))
}

// pool turns c into the pool's configuration.
func (c Config) pool() (*pgxpool.Config, error) {
	invalid := func(help, format string, args ...any) error {
		err := runtime.Errorf(runtime.Permanent, "read the connection settings", "", format, args...)
		err.Help = help
		return &runtime.UsageError{Err: err}
	}
	u, err := url.Parse(c.URL)
	if err != nil || c.URL != "" && u.Scheme != "postgres" && u.Scheme != "postgresql" {
		// url.Parse's errors quote the URL, which may have a password in it.
		return nil, invalid("write postgres://user@host/database", "--postgres-url is not a PostgreSQL URL")
	}
	if _, has := u.User.Password(); has || u.Query().Has("password") {
		return nil, invalid(passwordHelp, "--postgres-url has a password in it, which process lists and logs would show")
	}
	if c.URL == "" {
		u = &url.URL{Scheme: "postgres", Path: "/"} // says nothing, and is a URL still
	}
	config, err := pgxpool.ParseConfig(u.String())
	if err != nil {
		return nil, invalid("", "%w", err)
	}
	if !u.Query().Has("sslmode") && os.Getenv("PGSSLMODE") == "" && !local(config.ConnConfig) {
		query := u.Query()
		query.Set("sslmode", "verify-full")
		u.RawQuery = query.Encode()
		if config, err = pgxpool.ParseConfig(u.String()); err != nil {
			return nil, invalid("", "%w", err)
		}
	}
	if c.PasswordFile != "" {
		password, err := os.ReadFile(c.PasswordFile)
		if err != nil {
			return nil, invalid("", "read the password file: %w", err)
		}
		config.ConnConfig.Password = strings.TrimRight(string(password), " \t\r\n")
	}
	config.MaxConns = int32(c.Connections)
	if c.Connections == 0 {
		config.MaxConns = defaultConnections
	}
	if c.Connections < 0 {
		return nil, invalid("", "--postgres-connections is %d; it is at least 1", c.Connections)
	}
	// Without server-side prepared statements connections may go through a pooler.
	config.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec
	if config.ConnConfig.RuntimeParams["application_name"] == "" {
		config.ConnConfig.RuntimeParams["application_name"] = "ampgen"
	}
	return config, nil
}

// local reports whether all hosts of c are on this machine, where nobody listens in.
func local(c *pgx.ConnConfig) bool {
	hosts := []string{c.Host}
	for _, f := range c.Fallbacks {
		hosts = append(hosts, f.Host)
	}
	for _, h := range hosts {
		addr, err := netip.ParseAddr(h)
		if !strings.HasPrefix(h, "/") && h != "localhost" && (err != nil || !addr.IsLoopback()) {
			return false
		}
	}
	return true
}

// holder names this instance for people who look into the fence.
func holder() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return fmt.Sprintf("%s:%d", host, os.Getpid())
}

func ddlTable(t *runtime.Table) ddl.Table {
	return ddl.Table{Name: t.Name, Schema: t.Schema, Block: t.Block, Key: t.Key, History: t.History, Batch: t.Block == "", Stateless: t.Stateless}
}
