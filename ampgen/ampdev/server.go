// Package ampdev is a local Amp server for development, tests and demos.
//
// It answers to the specification of Amp's protocol, not to what any client happens to accept: GetFlightInfo and DoGet of
// Arrow Flight SQL, resume cursors, microbatches with their metadata, keep-alives, completion messages, the error codes and
// the silences. The SQL runs in DuckDB, over a synthetic chain or over files. The chain can be told to grow and to
// reorganise, and the server to stall, drop, repeat and fail (control.go).
//
// What differs from a real server: errors have other texts; constructs that DuckDB does not run with the same meaning are
// refused with InvalidArgument; an expression without alias is named by its text; there is no eth_call.
package ampdev

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync"

	"github.com/apache/arrow-go/v18/arrow/flight"
	"google.golang.org/grpc"

	"github.com/ampgen/ampgen/ampgen/ampdev/chain"
	"github.com/ampgen/ampgen/ampgen/ampdev/store"
	"github.com/ampgen/ampgen/ampgen/ampdev/synth"
	"github.com/ampgen/ampgen/ampgen/internal/catalog"
	"github.com/ampgen/ampgen/ampgen/internal/diag"
)

// Server is a server with its chain. Its methods are safe for concurrent use.
type Server struct {
	config  Config
	catalog *catalog.Catalog
	store   *store.Store
	blocks  *synth.Generator
	grpc    *grpc.Server
	health  *http.Server

	mining sync.Mutex // admits one change of the chain at a time
	salts  uint64     // of the next block that differs from all before; guarded by mining

	mu      sync.RWMutex // guards chain together with what a new snapshot of store holds, and changed
	chain   chain.Chain
	changed chan struct{} // closed at the next change of the chain

	faults  faults
	miner   miner
	streams registry

	listeners sync.Mutex
	open      []*splitter
	closed    bool
}

// New makes a server, loads its data and mines its first blocks. Close releases it.
func New(ctx context.Context, config Config) (*Server, error) {
	config = config.withDefaults()
	s := &Server{config: config, blocks: synth.New(config.Seed), changed: make(chan struct{})}
	var err error
	if s.catalog, err = newCatalog(config); err != nil {
		return nil, err
	}
	if s.store, err = store.Open(ctx, config.Database); err != nil {
		return nil, err
	}
	if err := s.start(ctx); err != nil {
		s.store.Close()
		return nil, err
	}
	s.grpc = grpc.NewServer(
		grpc.UnaryInterceptor(s.authUnary), grpc.StreamInterceptor(s.authStream),
		grpc.MaxRecvMsgSize(maxRequest), grpc.WriteBufferSize(1<<20), grpc.WaitForHandlers(true),
	)
	flight.RegisterFlightServiceServer(s.grpc, &service{server: s})
	s.health = &http.Server{Handler: healthHandler()}
	return s, nil
}

func newCatalog(config Config) (*catalog.Catalog, error) {
	entries := map[string]catalog.Entry{}
	for _, d := range config.Datasets {
		entries[d.Name] = catalog.Entry{Kind: d.Kind, Network: config.Network}
	}
	var diags diag.List
	c := catalog.New(entries, "", &diags)
	for _, d := range diags.Sorted() {
		return nil, fmt.Errorf("datasets: %s", d.Message)
	}
	return c, nil
}

// start brings the chain to where the configuration wants it.
func (s *Server) start(ctx context.Context) error {
	headers, err := s.store.Headers(ctx)
	if err != nil {
		return err
	}
	if len(headers) == 0 && s.config.Data != "" {
		if err := s.store.Load(ctx, s.config.Data); err != nil {
			return err
		}
		if headers, err = s.store.Headers(ctx); err != nil {
			return err
		}
	}
	if err := s.chain.Extend(headers...); err != nil {
		return fmt.Errorf("the blocks of %s%s do not form a chain: %w", s.config.Data, s.config.Database, err)
	}
	return s.Mine(ctx, s.config.Blocks)
}

// Serve answers on a listener until Close, which it closes too. It may be called for several listeners.
func (s *Server) Serve(listener net.Listener) error {
	split := newSplitter(listener, s.config.TLS)
	s.listeners.Lock()
	if s.closed {
		s.listeners.Unlock()
		return split.Close()
	}
	s.open = append(s.open, split)
	s.listeners.Unlock()
	go s.health.Serve(split.http) // ends with the splitter, which has the error that matters
	go s.grpc.Serve(split.http2)
	return split.run()
}

// Close ends all streams and connections, and releases the data.
func (s *Server) Close() {
	s.SetMining(0)
	s.listeners.Lock()
	s.closed = true
	for _, split := range s.open {
		split.Close()
	}
	s.listeners.Unlock()
	s.faults.resume()
	s.grpc.Stop() // waits for the handlers, whose snapshots the store needs closed
	s.health.Close()
	s.store.Close()
}
