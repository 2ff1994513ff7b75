package snowtest_test

import (
	"crypto/rand"
	"crypto/rsa"
	"testing"

	sf "github.com/snowflakedb/gosnowflake/v2"

	"github.com/ampgen/ampgen/sinks/snowflake/snowtest"
)

func TestLogin(t *testing.T) {
	srv := snowtest.Start(t)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	srv.PublicKey, srv.OAuthToken, srv.AccessToken = &key.PublicKey, "oauth", "pat"
	keyPair := func(k *rsa.PrivateKey) func(*sf.Config) {
		return func(cfg *sf.Config) { cfg.Authenticator, cfg.PrivateKey, cfg.Password = sf.AuthTypeJwt, k, "" }
	}
	token := func(kind sf.AuthType, token string) func(*sf.Config) {
		return func(cfg *sf.Config) { cfg.Authenticator, cfg.Token, cfg.Password = kind, token, "" }
	}
	for name, c := range map[string]struct {
		change func(*sf.Config)
		want   int
	}{
		"password":             {func(*sf.Config) {}, 0},
		"wrong password":       {func(cfg *sf.Config) { cfg.Password = "x" }, 390100},
		"unknown user":         {func(cfg *sf.Config) { cfg.User = "x" }, 390100},
		"unknown account":      {func(cfg *sf.Config) { cfg.Account = "x" }, 390100},
		"user in lower case":   {func(cfg *sf.Config) { cfg.User = "loader" }, 0},
		"key pair":             {keyPair(key), 0},
		"wrong key":            {keyPair(other), 390144},
		"OAuth":                {token(sf.AuthTypeOAuth, "oauth"), 0},
		"wrong OAuth token":    {token(sf.AuthTypeOAuth, "x"), 390303},
		"access token":         {token(sf.AuthTypePat, "pat"), 0},
		"wrong access token":   {token(sf.AuthTypePat, "x"), 394400},
		"unknown database":     {func(cfg *sf.Config) { cfg.Database = "x" }, 390201},
		"unknown schema":       {func(cfg *sf.Config) { cfg.Schema = "x" }, 390201},
		"unknown warehouse":    {func(cfg *sf.Config) { cfg.Warehouse = "x" }, 390201},
		"unknown role":         {func(cfg *sf.Config) { cfg.Role = "x" }, 390189},
		"no database":          {func(cfg *sf.Config) { cfg.Database, cfg.Schema = "", "" }, 0},
		"database, not strict": {func(cfg *sf.Config) { cfg.Database, cfg.ValidateDefaultParameters = "x", sf.ConfigBoolFalse }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			db := open(t, srv, c.change)
			if err := db.PingContext(t.Context()); number(err) != c.want {
				t.Errorf("got %v, want number %d", err, c.want)
			}
		})
	}
	none := open(t, srv, func(cfg *sf.Config) { cfg.Database, cfg.Schema = "", "" })
	if _, err := none.ExecContext(t.Context(), `CREATE TABLE t (a INT)`); number(err) != 90105 {
		t.Errorf("a table without a database: got %v, want number 90105", err)
	}
	exec(t, none, `CREATE TABLE test_db.public.t (a INT)`)
	if n := srv.Sessions(); n != 1 {
		t.Errorf("%d sessions are open, want the last one alone", n)
	}
}
