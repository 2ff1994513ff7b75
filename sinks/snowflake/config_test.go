package snowflake

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	sf "github.com/snowflakedb/gosnowflake/v2"
	"github.com/spf13/pflag"
	"github.com/youmark/pkcs8"

	"github.com/ampgen/ampgen/runtime"
	"github.com/ampgen/ampgen/sinks/snowflake/ddl"
)

// clearEnvironment takes away the settings that a developer's own environment may have.
func clearEnvironment(t *testing.T) {
	t.Helper()
	for _, entry := range os.Environ() {
		if name, _, _ := strings.Cut(entry, "="); strings.HasPrefix(name, "SNOWFLAKE_") {
			t.Setenv(name, "")
		}
	}
}

// usable is a Config that lacks only what logs in.
func usable() Config {
	return Config{Account: "myorg-acct", User: "LOADER", Database: "D", Schema: "S"}
}

// settingsOf completes c and makes the driver's configuration of it.
func settingsOf(c Config) (sf.Config, error) {
	if err := c.complete(); err != nil {
		return sf.Config{}, err
	}
	return c.driverConfig()
}

func TestSettingsComeFromFlagsThenEnvironment(t *testing.T) {
	clearEnvironment(t)
	t.Setenv("SNOWFLAKE_ACCOUNT", "myorg-acct")
	t.Setenv("SNOWFLAKE_USER", "FROM_ENVIRONMENT")
	t.Setenv("SNOWFLAKE_DATABASE", "D")
	t.Setenv("SNOWFLAKE_SCHEMA", "S")
	t.Setenv("SNOWFLAKE_PASSWORD", "s3cret")
	d := &driver{}
	fs := pflag.NewFlagSet("", pflag.ContinueOnError)
	d.Flags(fs)
	if err := fs.Parse([]string{"--snowflake-user", "FROM_FLAG", "--snowflake-warehouse", "W", "--snowflake-role", "R"}); err != nil {
		t.Fatal(err)
	}
	c, err := settingsOf(d.config)
	if err != nil {
		t.Fatal(err)
	}
	if c.Account != "myorg-acct" || c.User != "FROM_FLAG" || c.Warehouse != "W" || c.Role != "R" || c.Database != "D" || c.Schema != "S" || c.Password != "s3cret" {
		t.Errorf("got account %q, user %q, warehouse %q, role %q, database %q, schema %q", c.Account, c.User, c.Warehouse, c.Role, c.Database, c.Schema)
	}
	for name, want := range map[string]string{"TIMEZONE": "UTC", "LOCK_TIMEOUT": "400", "CLIENT_STAGE_ARRAY_BINDING_THRESHOLD": "0", "client_session_keep_alive": "true"} {
		if got := c.Params[name]; got == nil || *got != want {
			t.Errorf("session parameter %s is not %s", name, want)
		}
	}
	if c.DisableOCSPChecks || c.Transporter != nil || c.TLSConfigName != "" || c.Protocol != "" {
		t.Error("the driver's own TLS settings are changed")
	}
}

func TestRefusedSettings(t *testing.T) {
	clearEnvironment(t)
	for _, c := range []struct {
		change func(*Config)
		want   string
	}{
		{func(c *Config) { *c = Config{} }, "no account is named\nno database is named\nno schema is named; give --snowflake-account"},
		{func(c *Config) { c.User = "" }, "no user is named; give --snowflake-user"},
		{func(c *Config) {}, "there is no password; put it into SNOWFLAKE_PASSWORD or into the file of --snowflake-password-file"},
		{func(c *Config) { c.PasswordFile = "/does/not/exist" }, "read the password file"},
		{func(c *Config) { c.Authenticator = "oauth" }, "there is no token; put it into SNOWFLAKE_TOKEN or into the file of --snowflake-token-file"},
		{func(c *Config) { c.Authenticator = "snowflake_jwt" }, "there is no private key; put it into SNOWFLAKE_PRIVATE_KEY or"},
		{func(c *Config) { c.Authenticator = "kerberos" }, `--snowflake-authenticator is "kerberos"; use snowflake`},
		{func(c *Config) { c.Method = "pandas" }, `--snowflake-method is "pandas"; it is stage or insert`},
		{func(c *Config) { c.Method = "snowpipe_streaming" }, "is not built"},
		{func(c *Config) { c.Connections = -1 }, "--snowflake-connections is -1"},
		{func(c *Config) { c.FileMiB = -1 }, "--snowflake-file-size is -1"},
		{func(c *Config) { c.Uint256 = "float" }, `"float" is not a way`},
		{func(c *Config) { c.Host = "http://example.com" }, "plain HTTP to example.com"},
		{func(c *Config) { c.Host = "https://example.com" }, "is no host"},
		{func(c *Config) { c.Host = "example.com:port" }, `the port "port"`},
	} {
		config := usable()
		c.change(&config)
		_, err := settingsOf(config)
		var usage *runtime.UsageError
		if !errors.As(err, &usage) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want a usage error with %q", err, c.want)
		}
	}
}

func TestHost(t *testing.T) {
	clearEnvironment(t)
	t.Setenv("SNOWFLAKE_PASSWORD", "s3cret")
	for _, c := range []struct {
		host, want, protocol string
		port                 int
	}{
		{"", "", "", 0},
		{"acct.privatelink.snowflakecomputing.com", "acct.privatelink.snowflakecomputing.com", "", 0},
		{"acct.privatelink.snowflakecomputing.com:8443", "acct.privatelink.snowflakecomputing.com", "", 8443},
		{"http://127.0.0.1:4321", "127.0.0.1", "http", 4321},
		{"http://[::1]:4321", "::1", "http", 4321},
		{"http://localhost:4321", "localhost", "http", 4321},
	} {
		config := usable()
		config.Host = c.host
		got, err := settingsOf(config)
		if err != nil || got.Host != c.want || got.Port != c.port || got.Protocol != c.protocol {
			t.Errorf("%s: %s %s %d, %v", c.host, got.Protocol, got.Host, got.Port, err)
		}
	}
}

func TestAuthenticators(t *testing.T) {
	clearEnvironment(t)
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte("  from a file \n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name        string
		config      Config
		environment map[string]string
		want        func(sf.Config) bool
	}{
		{"password file", Config{PasswordFile: file}, nil,
			func(c sf.Config) bool {
				return c.Authenticator == sf.AuthTypeSnowflake && c.Password == "  from a file"
			}},
		{"oauth", Config{Authenticator: "OAuth"}, map[string]string{"SNOWFLAKE_TOKEN": "tok"},
			func(c sf.Config) bool { return c.Authenticator == sf.AuthTypeOAuth && c.Token == "tok" }},
		{"access token", Config{Authenticator: "programmatic_access_token", TokenFile: file}, map[string]string{"SNOWFLAKE_TOKEN": "tok"},
			func(c sf.Config) bool {
				return c.Authenticator == sf.AuthTypePat && c.TokenFilePath == file && c.Token == ""
			}},
		{"browser", Config{Authenticator: "externalbrowser"}, nil, func(c sf.Config) bool { return c.Authenticator == sf.AuthTypeExternalBrowser }},
	} {
		for name, v := range c.environment {
			t.Setenv(name, v)
		}
		config := usable()
		config.Authenticator, config.PasswordFile, config.TokenFile = c.config.Authenticator, c.config.PasswordFile, c.config.TokenFile
		if got, err := settingsOf(config); err != nil || !c.want(got) {
			t.Errorf("%s: authenticator %s, %v", c.name, got.Authenticator, err)
		}
	}
}

func TestPrivateKeys(t *testing.T) {
	clearEnvironment(t)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	encoded := func(kind string, der []byte, err error) []byte {
		if err != nil {
			t.Fatal(err)
		}
		return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
	}
	plain, err := x509.MarshalPKCS8PrivateKey(key)
	pkcs8PEM := encoded("PRIVATE KEY", plain, err)
	pkcs1PEM := encoded("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key), nil)
	secretDER, err := pkcs8.MarshalPrivateKey(key, []byte("passphrase"), nil)
	encryptedPEM := encoded("ENCRYPTED PRIVATE KEY", secretDER, err)
	for _, c := range []struct {
		name, passphrase, want string
		text                   []byte
	}{
		{"PKCS#8", "", "", pkcs8PEM},
		{"PKCS#1", "", "", pkcs1PEM},
		{"encrypted PKCS#8", "passphrase", "", encryptedPEM},
		{"no passphrase", "", "no passphrase in SNOWFLAKE_PRIVATE_KEY_PASSPHRASE", encryptedPEM},
		{"wrong passphrase", "s3cret", "cannot be decrypted", encryptedPEM},
		{"no PEM", "", "is not PEM", []byte("s3cret")},
		{"a certificate", "", `is a "CERTIFICATE"`, encoded("CERTIFICATE", []byte("s3cret"), nil)},
		{"damaged", "", "cannot be read", encoded("PRIVATE KEY", []byte("s3cret"), nil)},
	} {
		file := filepath.Join(t.TempDir(), "rsa_key.p8")
		if err := os.WriteFile(file, c.text, 0o600); err != nil {
			t.Fatal(err)
		}
		t.Setenv("SNOWFLAKE_PRIVATE_KEY_PASSPHRASE", c.passphrase)
		for _, fromFile := range []bool{true, false} {
			config := usable()
			if fromFile {
				config.PrivateKeyFile = file
				t.Setenv("SNOWFLAKE_PRIVATE_KEY", "")
			} else {
				t.Setenv("SNOWFLAKE_PRIVATE_KEY", string(c.text))
			}
			got, err := settingsOf(config)
			if c.want == "" && (err != nil || got.Authenticator != sf.AuthTypeJwt || !got.PrivateKey.Equal(key)) {
				t.Errorf("%s: %s, %v", c.name, got.Authenticator, err)
			}
			if c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "s3cret")) {
				t.Errorf("%s: %v, want an error with %q and without a secret", c.name, err, c.want)
			}
		}
	}
}

func TestDriver(t *testing.T) {
	table := &runtime.Table{Name: "analytics.transfers", Pipeline: "p", Schema: transferSchema, Block: "block_num"}
	d := NewDriver(ddl.Uint256Binary)
	text, err := d.DDL(table)
	want, _ := ddl.Create(ddlTable(table, ddl.Uint256Binary))
	if err != nil || text != want || d.Name() != "snowflake" || !strings.Contains(text, `"VALUE" BINARY(32)`) {
		t.Errorf("driver %s writes %q, %v", d.Name(), text, err)
	}
	table.Name = "a.b.c.d"
	if _, err := d.DDL(table); err == nil || runtime.ClassOf(err) != runtime.Permanent {
		t.Errorf("a name with three dots: %v", err)
	}
}
