package ampdev

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
)

func TestControlOverHTTP(t *testing.T) {
	s, c := startServer(t, Config{Blocks: 5})
	h := httptest.NewServer(s.ControlHandler())
	defer h.Close()
	post := func(path, body string, want int) Status {
		t.Helper()
		response, err := http.Post(h.URL+path, "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		var answer struct {
			Status
			Error string
		}
		if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
			t.Fatal(err)
		}
		if response.StatusCode != want || (answer.Error == "") != (want == http.StatusOK) {
			t.Errorf("%s %s: status %d, %q", path, body, response.StatusCode, answer.Error)
		}
		return answer.Status
	}
	if st := post("/mine", `{"blocks":2}`, 200); st.Tip.Number != 6 {
		t.Errorf("tip %d after mining", st.Tip.Number)
	}
	if st := post("/mine", "", 200); st.Tip.Number != 7 {
		t.Errorf("tip %d after mining one", st.Tip.Number)
	}
	if st := post("/reorg", `{"depth":2}`, 200); st.Tip.Number != 8 {
		t.Errorf("tip %d after a reorg of 2 to 3", st.Tip.Number)
	}
	if st := post("/stall", "", 200); !st.Stalled {
		t.Error("not stalled")
	}
	if st := post("/resume", "", 200); st.Stalled {
		t.Error("still stalled")
	}
	post("/reorg", `{"depth":99}`, 400)
	post("/mine", `{"blocs":2}`, 400)
	post("/fail", `{"code":99}`, 400)
	post("/mining", `{"interval":"soon"}`, 400)
	post("/fail", `{"code":14,"message":"gone"}`, 200)
	_, err := c.open(call{sql: "select block_num from eth_rpc.blocks"}).next()
	wantCode(t, "the failure asked for", err, codes.Unavailable)

	a := c.open(call{sql: "select block_num from eth_rpc.blocks", stream: true})
	a.microbatch()
	post("/mining", `{"interval":"1ms"}`, 200)
	if got := a.microbatch().blocks()[0]; got != 9 {
		t.Errorf("the first block mined by pace is %d", got)
	}
	post("/mining", `{"interval":"0s"}`, 200)
}

func TestMiningWithReorgs(t *testing.T) {
	s, c := startServer(t, Config{Blocks: 5})
	a := c.open(call{sql: "select block_num from eth_rpc.blocks", stream: true})
	end := a.microbatch().blocks()[1]
	s.SetMiningWithReorgs(time.Millisecond, 3, 2)
	for range 200 {
		m := a.microbatch().blocks()
		if m[0] <= end {
			return // a fork point below what was read
		}
		end = m[1]
	}
	t.Error("200 microbatches without a reorg")
}

func TestTLS(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(certificate)
	_, c := startServer(t, Config{Blocks: 2, TLS: &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}})
	secure := dial(t, c.addr, credentials.NewTLS(&tls.Config{RootCAs: roots}))
	if m := secure.all("select block_num from eth_rpc.blocks"); m.rows() != 2 {
		t.Errorf("%d rows over TLS", m.rows())
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	response, err := client.Get("https://" + c.addr + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Errorf("health over TLS: %s", response.Status)
	}
}

func TestDatabaseFileKeepsTheChain(t *testing.T) {
	config := Config{Blocks: 4, Database: filepath.Join(t.TempDir(), "chain.duckdb")}
	s, err := New(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	tip := s.Tip()
	s.Close()
	config.Blocks = 1
	again, c := startServer(t, config)
	if b, _ := again.Block(3); b != tip || again.Tip().Number != 4 || again.Tip().Parent != tip.Hash {
		t.Errorf("reopened: block 3 is %+v, tip %+v, want %+v below it", b, again.Tip(), tip)
	}
	if got := c.all("select count(*) as n from eth_rpc.blocks").lines(); got[0] != "5" {
		t.Errorf("%s blocks", got[0])
	}
}

func TestParseDataset(t *testing.T) {
	for _, bad := range [][2]string{{"x", "solana"}, {"X", "evm-rpc"}, {"a@latest", "firehose"}, {"", "evm-rpc"}} {
		if _, err := ParseDataset(bad[0], bad[1]); err == nil {
			t.Errorf("%s=%s was accepted", bad[0], bad[1])
		}
	}
	if d, err := ParseDataset("ns/base_rpc", "evm-rpc"); err != nil || d.Name != "ns/base_rpc" {
		t.Errorf("%v, %v", d, err)
	}
}

func TestConfiguredDatasets(t *testing.T) {
	d, _ := ParseDataset("ns/base", "evm-rpc")
	_, c := startServer(t, Config{Blocks: 2, Network: "base", Datasets: []Dataset{d}})
	m := c.all(`select block_num from "ns/base@1.0.0".blocks`)
	if m.rows() != 2 || m.complete.meta.Ranges[0].Network != "base" {
		t.Errorf("%d rows of %s", m.rows(), marshal(m.complete.meta))
	}
	_, err := c.info(call{sql: "select block_num from eth_rpc.blocks"})
	wantCode(t, "a dataset that is not configured", err, codes.Internal)
}
