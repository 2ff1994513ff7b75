package snowflake

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"

	sf "github.com/snowflakedb/gosnowflake/v2"

	"github.com/ampgen/ampgen/runtime"
	"github.com/ampgen/ampgen/sinks/snowflake/ddl"
)

// The methods of loading. A third one, snowpipe_streaming, has its word here and is not built: it appends only, so that undoing
// needs SQL beside it, and it is separate work.
const (
	MethodStage     = "stage"
	MethodInsert    = "insert"
	methodStreaming = "snowpipe_streaming"
)

const (
	defaultFileMiB     = 128
	defaultConnections = 10

	// lockTimeout is how many seconds a statement waits for a lock, instead of Snowflake's twelve hours. After five minutes
	// Snowflake rolls back an idle transaction that others wait for, such as that of a loader whose machine is gone.
	lockTimeout = 400
	// clientTimeout bounds one HTTP request. The server answers within a minute also when a statement takes longer.
	clientTimeout = 2 * time.Minute
	loginTimeout  = time.Minute
	// httpRetries is how often the driver sends a request again, by the same id, which Snowflake does not execute twice.
	httpRetries = 3

	connectionAge  = time.Hour
	connectionIdle = 10 * time.Minute
)

// Config says how to connect and how to load. What is empty is taken from the environment: SNOWFLAKE_ACCOUNT and so on. Secrets
// are in the files that are named here, or in SNOWFLAKE_PASSWORD, SNOWFLAKE_PRIVATE_KEY (PEM), SNOWFLAKE_PRIVATE_KEY_PASSPHRASE
// and SNOWFLAKE_TOKEN, and nowhere else.
type Config struct {
	Account, User, Role, Warehouse, Database, Schema string
	// Authenticator is snowflake, snowflake_jwt, oauth, programmatic_access_token or externalbrowser. Empty is snowflake_jwt where
	// there is a private key, and else snowflake: a password.
	Authenticator string
	// PrivateKeyFile is PEM: PKCS#8, encrypted or not, or PKCS#1.
	PrivateKeyFile string
	// TokenFile is read again for every connection, so that its token may be replaced while the loader runs.
	TokenFile    string
	PasswordFile string
	// Host is host or host:port of a private link, or http://host:port on this machine; empty for the account's own.
	Host string

	Method      string      // MethodStage or MethodInsert; empty is MethodStage
	FileMiB     int64       // what a file should have, compressed; 0 means 128
	Connections int         // the most sessions; 0 means 10
	Uint256     ddl.Uint256 // how 256-bit integers are held
}

// setting is a setting that is text, with its flag and its variable of the environment.
type setting struct {
	value                 *string
	flag, variable, usage string
}

func (c *Config) settings() []setting {
	return []setting{
		{&c.Account, "account", "SNOWFLAKE_ACCOUNT", "the account's `identifier`, such as myorg-myaccount"},
		{&c.User, "user", "SNOWFLAKE_USER", "the `user` to log in as"},
		{&c.Role, "role", "SNOWFLAKE_ROLE", "the `role` to use (default: the user's)"},
		{&c.Warehouse, "warehouse", "SNOWFLAKE_WAREHOUSE", "the `warehouse` that loads (default: the user's)"},
		{&c.Database, "database", "SNOWFLAKE_DATABASE", "the `database` of tables whose name says none"},
		{&c.Schema, "schema", "SNOWFLAKE_SCHEMA", "the `schema` of tables whose name says none"},
		{&c.Authenticator, "authenticator", "SNOWFLAKE_AUTHENTICATOR",
			"snowflake, snowflake_jwt, oauth, programmatic_access_token or externalbrowser (default: by key if there is one, else by password)"},
		{&c.PrivateKeyFile, "private-key-file", "SNOWFLAKE_PRIVATE_KEY_PATH", "a PEM `file` with the private key; or the key itself in SNOWFLAKE_PRIVATE_KEY"},
		{&c.TokenFile, "token-file", "SNOWFLAKE_TOKEN_FILE_PATH", "a `file` with the token; or the token itself in SNOWFLAKE_TOKEN"},
		{&c.PasswordFile, "password-file", "SNOWFLAKE_PASSWORD_FILE", "a `file` with the password; or the password itself in SNOWFLAKE_PASSWORD"},
		{&c.Host, "host", "SNOWFLAKE_HOST", "`host` or host:port of a private link (default: the account's)"},
	}
}

// invalid is the error of settings that cannot be.
func invalid(help, format string, args ...any) error {
	err := runtime.Errorf(runtime.Permanent, "read the connection settings", "", format, args...)
	err.Help = help
	return &runtime.UsageError{Err: err}
}

// complete fills c from the environment and with defaults, and checks it.
func (c *Config) complete() error {
	for _, s := range c.settings() {
		if *s.value == "" {
			*s.value = os.Getenv(s.variable)
		}
	}
	if c.FileMiB == 0 {
		c.FileMiB = defaultFileMiB
	}
	if c.Connections == 0 {
		c.Connections = defaultConnections
	}
	var faults []error
	for _, required := range []struct{ value, name string }{{c.Account, "account"}, {c.Database, "database"}, {c.Schema, "schema"}} {
		if required.value == "" {
			faults = append(faults, fmt.Errorf("no %s is named", required.name))
		}
	}
	if c.FileMiB < 1 {
		faults = append(faults, fmt.Errorf("--snowflake-file-size is %d; it is at least 1", c.FileMiB))
	}
	if c.Connections < 1 {
		faults = append(faults, fmt.Errorf("--snowflake-connections is %d; it is at least 1", c.Connections))
	}
	switch c.Method {
	case "":
		c.Method = MethodStage
	case MethodStage, MethodInsert:
	case methodStreaming:
		faults = append(faults, errors.New("the method snowpipe_streaming is not built; use stage, or insert for small units"))
	default:
		faults = append(faults, fmt.Errorf("--snowflake-method is %q; it is stage or insert", c.Method))
	}
	if _, err := ddl.ParseUint256(string(c.Uint256)); err != nil {
		faults = append(faults, err)
	}
	if err := errors.Join(faults...); err != nil {
		return invalid("give --snowflake-account and so on, or SNOWFLAKE_ACCOUNT and so on in the environment", "%w", err)
	}
	return nil
}

// driverConfig makes the driver's configuration of a complete c.
func (c *Config) driverConfig() (sf.Config, error) {
	text := func(s string) *string { return &s }
	out := sf.Config{
		Account: c.Account, User: c.User, Role: c.Role, Warehouse: c.Warehouse, Database: c.Database, Schema: c.Schema,
		Application:  "ampgen",
		LoginTimeout: loginTimeout, ClientTimeout: clientTimeout, MaxRetryCount: httpRetries,
		Params: map[string]*string{
			"TIMEZONE":                             text("UTC"),
			"QUERY_TAG":                            text("ampgen"),
			"LOCK_TIMEOUT":                         text(strconv.Itoa(lockTimeout)),
			"CLIENT_STAGE_ARRAY_BINDING_THRESHOLD": text("0"), // its stage is made by DDL, which would commit the transaction
			"client_session_keep_alive":            text("true"),
		},
	}
	if err := c.setHost(&out); err != nil {
		return out, err
	}
	return out, c.authenticate(&out)
}

// setHost reads Host. Plain HTTP is for servers on this machine, which tests have.
func (c *Config) setHost(out *sf.Config) error {
	if c.Host == "" {
		return nil
	}
	const help = "write host or host:port"
	host, plain := strings.CutPrefix(c.Host, "http://")
	if strings.ContainsAny(host, "/@?#") {
		return invalid(help, "--snowflake-host is no host")
	}
	out.Host = host
	if name, port, err := net.SplitHostPort(host); err == nil {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil {
			return invalid(help, "--snowflake-host has the port %q", port)
		}
		out.Host, out.Port = name, int(n)
	}
	if plain {
		if addr, err := netip.ParseAddr(out.Host); out.Host != "localhost" && (err != nil || !addr.IsLoopback()) {
			return invalid("leave http:// out", "--snowflake-host asks for plain HTTP to %s, where others could listen in", out.Host)
		}
		out.Protocol = "http"
	}
	return nil
}
