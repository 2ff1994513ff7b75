package main

import (
	"bufio"
	"context"
	"encoding/csv"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestServeSaysWhenItIsReady(t *testing.T) {
	o, err := parse([]string{"--listen", "127.0.0.1:0", "--control", "127.0.0.1:0", "--blocks", "3", "--first-block", "7"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	done := make(chan error, 1)
	go func() { done <- serve(ctx, o, w) }()
	line, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	ready := regexp.MustCompile(`^ampdev serves eth_rpc and eth_firehose of mainnet with blocks 7 to 9 at grpc://(\S+), control at (\S+)\n$`)
	m := ready.FindStringSubmatch(line)
	if m == nil {
		t.Fatalf("the line is %q", line)
	}
	for _, url := range []string{"http://" + m[1] + "/healthz", m[2] + "/status"} {
		response, err := http.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", url, response.Status)
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("after the end: %v", err)
	}
}

func TestFlags(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(empty, []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ args, want string }{
		{"extra", `unexpected argument "extra"`},
		{"--dataset x=solana", `unknown kind "solana"`},
		{"--tls-cert x", "TLS needs both"},
		{"--token-file " + empty, "is empty"},
		{"--blocks many", "invalid argument"},
	} {
		if _, err := parse(strings.Fields(tt.args)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.args, err, tt.want)
		}
	}
	o, err := parse([]string{"--data", "folder", "--dataset", "base=firehose"})
	if err != nil || o.config.Blocks != 0 || len(o.config.Datasets) != 1 || o.config.Datasets[0].Name != "base" {
		t.Errorf("with --data: %+v, %v", o, err)
	}
}

func TestLabels(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokens.csv")
	if err := writeLabels(path, 1); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	records, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	addresses := map[string]bool{}
	for _, r := range records[1:] {
		addresses[r[0]] = true
	}
	if len(addresses) != len(records)-1 || len(addresses) < 6500 || !addresses["0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2"] {
		t.Errorf("%d labels of %d addresses", len(records)-1, len(addresses))
	}
	if err := writeLabels(filepath.Join(path, "x"), 1); err == nil {
		t.Error("a label file below a file was written")
	}
}
