package judges

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/youmark/pkcs8"

	"github.com/ampgen/ampgen/sinks/snowflake"
)

// TestLogin logs in by password and by key pair, and looks at what was sent, which fakesnow does not.
func TestLogin(t *testing.T) {
	f := startFakesnow(t)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	encrypted, err := pkcs8.MarshalPrivateKey(key, []byte("passphrase"), nil)
	if err != nil {
		t.Fatal(err)
	}
	password := write("password", []byte("secret\n"))
	keyFile := write("key.p8", pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: encrypted}))
	t.Setenv("SNOWFLAKE_PRIVATE_KEY_PASSPHRASE", "passphrase")
	for _, c := range []struct {
		name   string
		config snowflake.Config
		check  func(t *testing.T, l login)
	}{
		{"password", snowflake.Config{PasswordFile: password}, func(t *testing.T, l login) {
			if l.Name != "loader" || l.Password != "secret" || l.Token != "" {
				t.Errorf("user %q, password %q, token %q", l.Name, l.Password, l.Token)
			}
		}},
		{"key pair", snowflake.Config{PrivateKeyFile: keyFile}, func(t *testing.T, l login) { // the user's name is in the token
			if l.Authenticator != "SNOWFLAKE_JWT" || l.Password != "" {
				t.Errorf("authenticator %q, password %q", l.Authenticator, l.Password)
			}
			checkToken(t, l.Token, &key.PublicKey)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.config.Account, c.config.User, c.config.Host, c.config.Database, c.config.Schema = "acme", "loader", f.proxy.URL, "CHAIN", "PUBLIC"
			s, err := snowflake.Open(t.Context(), c.config)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			last := f.lastLogin()
			if last.Account != "acme" {
				t.Errorf("logged in to %q", last.Account)
			}
			c.check(t, last)
		})
	}
}

// checkToken checks a JWT as Snowflake documents it: signed by the key, from ACCOUNT.USER.SHA256:<fingerprint>, and valid now.
func checkToken(t *testing.T, token string, key *rsa.PublicKey) {
	t.Helper()
	signed, signature, _ := cutLast(token, ".")
	_, payload, _ := strings.Cut(signed, ".")
	raw, err := base64.RawURLEncoding.DecodeString(signature)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(signed))
	if err := rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], raw); err != nil {
		t.Errorf("the token is not signed by the key: %v", err)
	}
	text, err := base64.RawURLEncoding.DecodeString(payload)
	if err != nil {
		t.Fatal(err)
	}
	var claims struct {
		Issuer  string  `json:"iss"`
		Subject string  `json:"sub"`
		Expires float64 `json:"exp"`
	}
	if err := json.Unmarshal(text, &claims); err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	fingerprint := sha256.Sum256(der)
	if want := "ACME.LOADER.SHA256:" + base64.StdEncoding.EncodeToString(fingerprint[:]); claims.Issuer != want || claims.Subject != "ACME.LOADER" {
		t.Errorf("the token is of %q for %q, want %q", claims.Issuer, claims.Subject, want)
	}
	if left := time.Until(time.Unix(int64(claims.Expires), 0)); left <= 0 || left > time.Hour {
		t.Errorf("the token expires in %v, and Snowflake takes one of an hour at most", left)
	}
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}
