package amp_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/flight"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"github.com/ampgen/ampgen/runtime/amp"
	"github.com/ampgen/ampgen/runtime/fault"
)

func TestDialRefuses(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		cfg  amp.Config
		want string
	}{
		{"no server", amp.Config{}, "no server is named"},
		{"no scheme", amp.Config{Server: "localhost:1602"}, "write it like grpc://localhost:1602 (plaintext) or https://amp.example.com (TLS)"},
		{"unknown scheme", amp.Config{Server: "ftp://localhost"}, `unknown scheme "ftp"`},
		{"a path", amp.Config{Server: "http://localhost/flight"}, "has more than a host and a port"},
		{"a password", amp.Config{Server: "http://user:hidden@localhost"}, "has more than a host and a port"},
		{"token in plaintext", amp.Config{Server: "http://amp.example.com", Token: "hidden"}, "the token would cross the network in plaintext"},
		{"CA file for plaintext", amp.Config{Server: "http://localhost", CAFile: empty}, "a CA file is given but the connection is plaintext"},
		{"CA file that is not there", amp.Config{Server: "https://localhost", CAFile: "/nowhere.pem"}, "open /nowhere.pem"},
		{"CA file without certificates", amp.Config{Server: "https://localhost", CAFile: empty}, "holds no certificate"},
	}
	for _, test := range tests {
		client, err := amp.Dial(test.cfg)
		if err == nil {
			client.Close()
		}
		if fault.ClassOf(err) != fault.Permanent || err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "hidden") {
			t.Errorf("%s: %v", test.name, err)
		}
	}
	for _, cfg := range []amp.Config{
		{Server: "http://localhost", Token: "x"}, {Server: "grpc://127.0.0.1:5", Token: "x"}, {Server: "grpc://[::1]:5", Token: "x"},
		{Server: "https://amp.example.com", Token: "x"}, {Server: "grpc+tls://amp.example.com/", Token: "x"},
		{Server: "http://amp.example.com", Token: "x", InsecureToken: true}, {Server: "http://amp.example.com"},
	} {
		client, err := amp.Dial(cfg)
		if err != nil {
			t.Errorf("%+v: %v", cfg, err)
			continue
		}
		client.Close()
	}
}

// certificate makes a certificate for 127.0.0.1 that is its own authority, and the file of it.
func certificate(t *testing.T) (tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, file
}

func TestTLS(t *testing.T) {
	cert, caFile := certificate(t)
	f := &fakeServer{schema: blockSchema, answer: func(flight.FlightService_DoGetServer) error { return nil }}
	address := start(t, f, grpc.Creds(credentials.NewServerTLSFromCert(&cert)))

	stream := open(t, dial(t, amp.Config{Server: "https://" + address, CAFile: caFile, Token: "secret"}), amp.Request{SQL: "select 1"})
	if _, err := stream.Next(t.Context()); err != io.EOF {
		t.Errorf("over TLS: %v", err)
	}
	if got := f.doGetHead["authorization"]; len(got) != 1 || got[0] != "Bearer secret" {
		t.Errorf("authorization is %q", got)
	}
	f.infoHead = nil
	for name, cfg := range map[string]amp.Config{
		"authority that is not trusted": {Server: "grpc+tls://" + address, Token: "secret"},
		"plaintext to a TLS server":     {Server: "http://" + address, Token: "secret"},
	} {
		_, err := dial(t, cfg).Open(t.Context(), amp.Request{SQL: "select 1"})
		if fault.ClassOf(err) != fault.Transient || err == nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if f.infoHead != nil {
		t.Error("the server got a call that must not reach it")
	}
}
