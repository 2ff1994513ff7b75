package postgres

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ampgen/ampgen/runtime"
	"github.com/ampgen/ampgen/runtime/pgcopy"
	"github.com/ampgen/ampgen/sinks/postgres/ddl"
)

// clearEnvironment takes away the settings that a developer's own environment may have.
func clearEnvironment(t *testing.T) {
	for _, name := range []string{"PGHOST", "PGPORT", "PGDATABASE", "PGUSER", "PGPASSWORD", "PGSSLMODE", "PGSERVICE", "PGSSLROOTCERT"} {
		t.Setenv(name, "")
	}
	t.Setenv("HOME", t.TempDir())
}

func TestSSLModeIsVerifyFullForOtherMachines(t *testing.T) {
	clearEnvironment(t)
	for _, c := range []struct {
		url, environment string
		encrypted, named bool // must be encrypted, to a certificate of the host's name
	}{
		{"postgres://u@db.example.com/d", "", true, true},
		{"postgres://u@192.0.2.1/d", "", true, true},
		{"postgres://u@localhost,db.example.com/d", "", true, true},
		{"postgres://u@db.example.com/d?sslmode=require", "", true, false},
		{"postgres://u@db.example.com/d?sslmode=disable", "", false, false},
		{"postgres://u@db.example.com/d", "disable", false, false},
		{"postgres://u@localhost/d", "", true, false}, // PostgreSQL's own default: encrypted if the server can
		{"postgres://u@127.0.0.1/d", "", true, false},
		{"postgres://u@[::1]/d", "", true, false},
		{"postgres:///d?host=/var/run/postgresql&user=u", "", false, false},
	} {
		t.Setenv("PGSSLMODE", c.environment)
		config, err := Config{URL: c.url}.pool()
		if err != nil {
			t.Errorf("%s: %v", c.url, err)
			continue
		}
		tls := config.ConnConfig.TLSConfig
		if encrypted := tls != nil; encrypted != c.encrypted {
			t.Errorf("%s: encrypted is %v", c.url, encrypted)
		}
		if named := tls != nil && !tls.InsecureSkipVerify; named != c.named {
			t.Errorf("%s: the host's name is verified: %v", c.url, named)
		}
	}
}

func TestEnvironmentAppliesWithoutURL(t *testing.T) {
	clearEnvironment(t)
	t.Setenv("PGHOST", "db.example.com")
	t.Setenv("PGUSER", "loader")
	t.Setenv("PGPASSWORD", "from the environment")
	config, err := Config{}.pool()
	if err != nil {
		t.Fatal(err)
	}
	c := config.ConnConfig
	if c.Host != "db.example.com" || c.User != "loader" || c.Password != "from the environment" || c.TLSConfig == nil || c.TLSConfig.InsecureSkipVerify {
		t.Errorf("host %q, user %q, TLS %v", c.Host, c.User, c.TLSConfig)
	}
	if config.MaxConns != defaultConnections {
		t.Errorf("%d connections", config.MaxConns)
	}
}

func TestPasswordFile(t *testing.T) {
	clearEnvironment(t)
	path := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(path, []byte("  s3cret \n"), 0o600); err != nil {
		t.Fatal(err)
	}
	config, err := Config{URL: "postgres://u@localhost/d", PasswordFile: path}.pool()
	if err != nil || config.ConnConfig.Password != "  s3cret" {
		t.Errorf("password %q, %v", config.ConnConfig.Password, err)
	}
}

func TestRefusedSettingsDoNotShowThePassword(t *testing.T) {
	clearEnvironment(t)
	for _, c := range []struct{ config, want string }{
		{"postgres://u:s3cret@localhost/d", "PGPASSWORD"},
		{"postgres://u@localhost/d?password=s3cret", "PGPASSWORD"},
		{"postgres://u:s3cret@local host/d", "not a PostgreSQL URL"},
		{"mysql://u:s3cret@localhost/d", "not a PostgreSQL URL"},
		{"host=localhost password=s3cret", "not a PostgreSQL URL"},
		{"postgres://u@localhost:port/s3cret", "not a PostgreSQL URL"},
		{"postgres://u@localhost/d?sslmode=s3cret", "sslmode"},
	} {
		_, err := Config{URL: c.config}.pool()
		var usage *runtime.UsageError
		if !errors.As(err, &usage) || !strings.Contains(err.Error(), c.want) || runtime.ClassOf(err) != runtime.Permanent {
			t.Errorf("%s: %v; want %q", c.config, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), ":s3cret") || err != nil && strings.Contains(err.Error(), "password=s3cret") {
			t.Errorf("the password is in: %v", err)
		}
	}
	if _, err := (Config{URL: "postgres://u@localhost/d", PasswordFile: "/does/not/exist"}).pool(); err == nil {
		t.Error("a password file that does not exist is accepted")
	}
	if _, err := (Config{Connections: -1}).pool(); err == nil {
		t.Error("-1 connections are accepted")
	}
}

func TestUnreachableServerIsTransient(t *testing.T) {
	clearEnvironment(t)
	for url, want := range map[string]string{
		"postgres://u@127.0.0.1:1/d":                   "connect on database d at 127.0.0.1:1: ",
		"postgres://u@localhost,127.0.0.1/?port=1,2":   "connect on database u at localhost:1, 127.0.0.1:2: ",
		"postgres:///d?host=/nowhere&port=5433&user=u": "connect on database d at /nowhere (port 5433): ",
	} {
		_, err := Open(t.Context(), Config{URL: url})
		if err == nil || runtime.ClassOf(err) != runtime.Transient {
			t.Fatalf("%s: %v", url, err)
		}
		text := err.Error()
		if !strings.HasPrefix(text, want) || strings.Contains(text, "\n") || !strings.HasSuffix(text, "; check that the server runs, and --postgres-url or PGHOST and PGPORT") {
			t.Errorf("%s: %v", url, err)
		}
	}
}

func TestDriver(t *testing.T) {
	d := NewDriver(func() pgcopy.Encoder { return nil })
	text, err := d.DDL(transfers())
	want, _ := ddl.Create(ddlTable(transfers()))
	if err != nil || text != want || d.Name() != "postgres" {
		t.Errorf("driver %s writes %q, %v", d.Name(), text, err)
	}
	bad := transfers()
	bad.Name = "a.b.c"
	if _, err := d.DDL(bad); runtime.ClassOf(err) != runtime.Permanent || err == nil {
		t.Errorf("a name with two dots: %v", err)
	}
}

func TestLogicalKeyIsTheRuntimes(t *testing.T) {
	f := transfers().Schema.Field(2)
	if typ, err := ddl.ColumnType(f); err != nil || typ != "numeric(78,0)" {
		t.Errorf("a field marked under %s is %s, %v", runtime.LogicalKey, typ, err)
	}
}
