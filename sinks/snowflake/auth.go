package snowflake

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"strings"

	sf "github.com/snowflakedb/gosnowflake/v2"
	"github.com/youmark/pkcs8"
)

// The variables that hold secrets.
const (
	passwordVariable   = "SNOWFLAKE_PASSWORD"
	keyVariable        = "SNOWFLAKE_PRIVATE_KEY"
	passphraseVariable = "SNOWFLAKE_PRIVATE_KEY_PASSPHRASE"
	tokenVariable      = "SNOWFLAKE_TOKEN"
)

// authenticate fills in how to log in. Its errors have no secrets in them.
func (c *Config) authenticate(out *sf.Config) error {
	method := strings.ToLower(c.Authenticator)
	if method == "" {
		method = "snowflake"
		if c.PrivateKeyFile != "" || os.Getenv(keyVariable) != "" {
			method = "snowflake_jwt"
		}
	}
	if c.User == "" && method != "oauth" && method != "programmatic_access_token" {
		return invalid("give --snowflake-user, or SNOWFLAKE_USER in the environment", "no user is named")
	}
	var err error
	switch method {
	case "snowflake":
		out.Authenticator = sf.AuthTypeSnowflake
		out.Password, err = secret(c.PasswordFile, passwordVariable, "password", "--snowflake-password-file")
	case "snowflake_jwt":
		out.Authenticator = sf.AuthTypeJwt
		out.PrivateKey, err = c.privateKey()
	case "oauth", "programmatic_access_token":
		out.Authenticator = sf.AuthTypeOAuth
		if method != "oauth" {
			out.Authenticator = sf.AuthTypePat
		}
		if out.TokenFilePath = c.TokenFile; out.TokenFilePath == "" {
			out.Token, err = secret("", tokenVariable, "token", "--snowflake-token-file")
		}
	case "externalbrowser":
		out.Authenticator = sf.AuthTypeExternalBrowser
		out.ClientStoreTemporaryCredential = sf.ConfigBoolTrue // one login for all sessions
	default:
		err = invalid("use snowflake, snowflake_jwt, oauth, programmatic_access_token or externalbrowser", "--snowflake-authenticator is %q", c.Authenticator)
	}
	return err
}

// secret reads a secret from a file, if one is named, or from the environment.
func secret(file, variable, what, flag string) (string, error) {
	if file != "" {
		text, err := os.ReadFile(file)
		if err != nil {
			return "", invalid("", "read the %s file: %w", what, err)
		}
		return strings.TrimRight(string(text), " \t\r\n"), nil
	}
	if s := os.Getenv(variable); s != "" {
		return s, nil
	}
	return "", invalid(fmt.Sprintf("put it into %s or into the file of %s", variable, flag), "there is no %s", what)
}

// privateKey reads the key of key-pair authentication.
func (c *Config) privateKey() (*rsa.PrivateKey, error) {
	text, err := secret(c.PrivateKeyFile, keyVariable, "private key", "--snowflake-private-key-file")
	if err != nil {
		return nil, err
	}
	key, err := parsePrivateKey([]byte(text), []byte(os.Getenv(passphraseVariable)))
	if err != nil {
		return nil, invalid("make one with: openssl genrsa 2048 | openssl pkcs8 -topk8 -inform PEM -out rsa_key.p8", "the private key: %w", err)
	}
	return key, nil
}

// parsePrivateKey reads PEM. The libraries' errors are left out: they may quote what they could not read.
func parsePrivateKey(text, passphrase []byte) (*rsa.PrivateKey, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("it is not PEM, which begins with -----BEGIN")
	}
	var key any
	var err error
	switch block.Type {
	case "RSA PRIVATE KEY":
		if block.Headers["DEK-Info"] != "" {
			return nil, errors.New("it is encrypted in the old way of PEM; convert it to PKCS#8 with openssl pkcs8 -topk8")
		}
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	case "PRIVATE KEY":
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case "ENCRYPTED PRIVATE KEY":
		if len(passphrase) == 0 {
			return nil, fmt.Errorf("it is encrypted, and there is no passphrase in %s", passphraseVariable)
		}
		key, err = pkcs8.ParsePKCS8PrivateKey(block.Bytes, passphrase)
		if err != nil {
			return nil, fmt.Errorf("it cannot be decrypted by the passphrase in %s", passphraseVariable)
		}
	default:
		return nil, fmt.Errorf("its PEM block is a %q, and no private key", block.Type)
	}
	if err != nil {
		return nil, errors.New("what is in its PEM block cannot be read")
	}
	rsaKey, ok := key.(*rsa.PrivateKey)
	if !ok {
		return nil, errors.New("it is no RSA key, which is what Snowflake takes")
	}
	return rsaKey, nil
}
