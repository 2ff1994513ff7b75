package amp

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math"
	"net"
	"net/url"
	"os"
	"time"

	"github.com/apache/arrow-go/v18/arrow/flight"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"

	"github.com/ampgen/ampgen/runtime/fault"
)

const (
	// Between microbatches the server is silent for as long as the chain is, so a dead connection shows only by unanswered pings.
	pingEvery, pingTimeout = 30 * time.Second, 20 * time.Second

	defaultPort, defaultTLSPort = "1602", "443"
)

// Config is where the server is and how to speak to it.
type Config struct {
	// Server is a URL: grpc://host:port or http://host:port for plaintext (port 1602 if none is given), https://host:port or
	// grpc+tls://host:port for TLS (port 443).
	Server string
	// Token is sent with each call as "authorization: Bearer …"; may be empty.
	Token string
	// InsecureToken permits a token over plaintext to another machine, where anyone on the way can read it.
	InsecureToken bool
	// CAFile is a PEM file of the certificate authorities to trust instead of the system's; may be empty.
	CAFile string

	// Memory is how many bytes of rows may be on their way at once, in all streams together; 0 means DefaultMemory. It is shared
	// out evenly, and with it goes the size of the largest message that is accepted: the server cuts record batches to about 2 MiB,
	// but a single row can be larger.
	Memory int64
	// Streams is how many streams are open at once; 0 means 1.
	Streams int
}

// DefaultMemory is Config.Memory if nothing else is said, in bytes.
const DefaultMemory = 1 << 30

const (
	// perStream is how many messages there are of a stream at once, at most: one that the caller works on, one that is decoded ahead,
	// and one that arrives, twice, as it is unpacked. Two more are for what the caller makes of the one that it has. The garbage
	// collector lets as much again lie about.
	perStream = 2 * 6
	// leastMessage is what has to fit: twice what the server cuts its batches to.
	leastMessage = 4 << 20
	// fastWindow is how much may be under way from the server beyond the messages that are here: enough for 100 MB/s at 40 ms.
	fastWindow = 4 << 20
)

// limits are the largest message, and how much the server may send ahead on a stream, in bytes.
func (cfg Config) limits() (message, window int, err error) {
	memory, streams := cfg.Memory, int64(max(1, cfg.Streams))
	if memory == 0 {
		memory = DefaultMemory
	}
	share := memory / streams / perStream
	if share < leastMessage {
		return 0, 0, fmt.Errorf("%d bytes are too little memory for %d streams: each needs %d", memory, streams, leastMessage*perStream)
	}
	return int(min(share, math.MaxInt32)), int(min(share, fastWindow)), nil
}

// Client speaks to one server. It is safe for concurrent use.
type Client struct {
	server   string
	conn     *grpc.ClientConn
	flight   flight.FlightServiceClient
	internal patience
}

// Dial prepares a connection, which is made with the first query.
func Dial(cfg Config) (*Client, error) {
	fail := func(help string, err error) (*Client, error) {
		return nil, &fault.Error{Class: fault.Permanent, Op: "connect to the server", Err: err, Help: help}
	}
	target, secure, err := parseServer(cfg.Server)
	if err != nil {
		return fail("write it like grpc://localhost:1602 (plaintext) or https://amp.example.com (TLS)", err)
	}
	message, window, err := cfg.limits()
	if err != nil {
		return fail("raise --memory or use fewer --workers", err)
	}
	transport := insecure.NewCredentials()
	if secure {
		config, err := tlsConfig(cfg.CAFile)
		if err != nil {
			return fail("give a PEM file of certificates", err)
		}
		transport = credentials.NewTLS(config)
	} else if cfg.CAFile != "" {
		return fail("write the server with https:// or grpc+tls://", errors.New("a CA file is given but the connection is plaintext"))
	}
	if cfg.Token != "" && !secure && !cfg.InsecureToken && !loopback(target) {
		return fail("use https:// or grpc+tls://, or allow it with --insecure-token",
			errors.New("the token would cross the network in plaintext"))
	}
	options := []grpc.DialOption{
		grpc.WithTransportCredentials(transport),
		grpc.WithStatsHandler(ends{}),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(message)),
		// Fixed windows: gRPC would otherwise let them grow with the line. A stream that nobody reads fills its own and stalls, and
		// never that of the connection, which the others need.
		grpc.WithInitialWindowSize(int32(window)), grpc.WithInitialConnWindowSize(int32(min(window*max(1, cfg.Streams), math.MaxInt32))),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: pingEvery, Timeout: pingTimeout, PermitWithoutStream: false}),
	}
	if cfg.Token != "" {
		options = append(options, grpc.WithPerRPCCredentials(bearer{cfg.Token, secure}))
	}
	conn, err := grpc.NewClient(target, options...)
	if err != nil {
		return fail("", err)
	}
	return &Client{server: cfg.Server, conn: conn, flight: flight.NewFlightServiceClient(conn), internal: patience{left: map[string]int{}}}, nil
}

// Close ends the connection and all streams on it.
func (c *Client) Close() error { return c.conn.Close() }

// parseServer splits a server URL into the host and port to connect to and whether to use TLS.
func parseServer(server string) (target string, secure bool, err error) {
	if server == "" {
		return "", false, errors.New("no server is named")
	}
	u, err := url.Parse(server)
	if err != nil || u.Host == "" {
		return "", false, errors.New("it is not named by a URL") // which may hold a password, so it is not shown
	}
	port := defaultPort
	switch u.Scheme {
	case "grpc", "grpc+tcp", "http":
	case "grpc+tls", "grpcs", "https":
		secure, port = true, defaultTLSPort
	default:
		return "", false, fmt.Errorf("unknown scheme %q", u.Scheme)
	}
	if u.User != nil || (u.Path != "" && u.Path != "/") || u.RawQuery != "" || u.Fragment != "" {
		return "", false, errors.New("its URL has more than a host and a port") // which may be a secret, so it is not shown
	}
	if u.Port() != "" {
		port = u.Port()
	}
	return net.JoinHostPort(u.Hostname(), port), secure, nil
}

func tlsConfig(caFile string) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if caFile == "" {
		return config, nil
	}
	pem, err := os.ReadFile(caFile)
	if err != nil {
		return nil, err
	}
	config.RootCAs = x509.NewCertPool()
	if !config.RootCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s holds no certificate", caFile)
	}
	return config, nil
}

func loopback(target string) bool {
	host, _, err := net.SplitHostPort(target)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// bearer attaches the token to every call.
type bearer struct {
	token  string
	secure bool
}

func (b bearer) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": "Bearer " + b.token}, nil
}

func (b bearer) RequireTransportSecurity() bool { return b.secure }
