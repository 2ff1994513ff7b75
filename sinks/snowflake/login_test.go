package snowflake

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"

	"github.com/youmark/pkcs8"

	"github.com/ampgen/ampgen/sinks/snowflake/snowtest"
)

// Every way to log in that needs no person works with the real driver.
func TestLogins(t *testing.T) {
	clearEnvironment(t)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := pkcs8.MarshalPrivateKey(key, []byte("passphrase"), nil)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file := func(name string, text []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	keyFile := file("key", pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: der}))
	t.Setenv(passphraseVariable, "passphrase")
	server := snowtest.Start(t)
	server.PublicKey, server.OAuthToken, server.AccessToken = &key.PublicKey, "an oauth token", "an access token"
	for name, change := range map[string]func(*Config){
		"key pair": func(c *Config) { c.PrivateKeyFile = keyFile },
		"oauth":    func(c *Config) { c.Authenticator, c.TokenFile = "oauth", file("oauth", []byte("an oauth token")) },
		"access token": func(c *Config) {
			c.Authenticator, c.TokenFile = "programmatic_access_token", file("pat", []byte("an access token"))
		},
	} {
		config := configOf(t, server)
		config.PasswordFile = ""
		change(&config)
		s, err := Open(t.Context(), config)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}
