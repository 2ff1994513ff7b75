package ampdev

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/ampgen/ampgen/ampgen/ampdev/chain"
)

// Status is what the control interface says of the server.
type Status struct {
	Network  string      `json:"network"`
	Datasets []string    `json:"datasets"`
	First    chain.Block `json:"first"`
	Tip      chain.Block `json:"tip"`
	Streams  int         `json:"streams"` // open DoGet calls
	Stalled  bool        `json:"stalled"`
}

// Status describes the present state.
func (s *Server) Status() Status {
	st := Status{Network: s.config.Network, First: s.First(), Tip: s.Tip(), Streams: s.streams.count()}
	for _, d := range s.config.Datasets {
		st.Datasets = append(st.Datasets, d.Name)
	}
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	st.Stalled = s.faults.stalled != nil
	return st
}

// request holds the arguments of all control calls; each uses its own.
type request struct {
	Blocks   int    `json:"blocks"`   // mine: how many, 1 if 0
	Depth    int    `json:"depth"`    // reorg, mining: how many blocks are replaced
	Length   int    `json:"length"`   // reorg: by how many, depth+1 if 0
	Interval string `json:"interval"` // mining: between blocks, such as 2s; 0s stops
	Every    int    `json:"every"`    // mining: a reorg takes the place of every so many-th block; 0 for none
	Rows     int    `json:"rows"`     // batch-rows: rows per batch at most; 0 for the default
	Code     uint32 `json:"code"`     // fail: gRPC status code
	Message  string `json:"message"`  // fail
	After    int    `json:"after"`    // fail: after how many messages
}

// ControlHandler is the control interface over HTTP: GET /status, and POST of a JSON object to /mine, /mining, /reorg,
// /forget, /stall, /resume, /hang, /drop, /repeat, /keep-alive, /batch-rows and /fail. All answer with the status, or with an
// object that has the key error.
func (s *Server) ControlHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, _ *http.Request) { answerControl(w, s.Status(), nil) })
	handle := func(name string, f func(r *http.Request, q request) error) {
		mux.HandleFunc("POST /"+name, func(w http.ResponseWriter, r *http.Request) {
			var q request
			if r.ContentLength != 0 {
				d := json.NewDecoder(r.Body)
				d.DisallowUnknownFields()
				if err := d.Decode(&q); err != nil {
					answerControl(w, Status{}, fmt.Errorf("the request does not decode: %w", err))
					return
				}
			}
			err := f(r, q)
			answerControl(w, s.Status(), err)
		})
	}
	act := func(name string, f func()) {
		handle(name, func(*http.Request, request) error { f(); return nil })
	}
	act("forget", s.Forget)
	act("stall", s.Stall)
	act("resume", s.Resume)
	act("drop", s.DropConnections)
	act("hang", s.Hang)
	act("repeat", s.RepeatLast)
	act("keep-alive", s.KeepAliveNow)
	handle("mine", func(r *http.Request, q request) error { return s.Mine(r.Context(), max(1, q.Blocks)) })
	handle("reorg", func(r *http.Request, q request) error {
		if q.Length == 0 {
			q.Length = q.Depth + 1
		}
		return s.Reorg(r.Context(), q.Depth, q.Length)
	})
	handle("mining", func(_ *http.Request, q request) error {
		interval, err := time.ParseDuration(q.Interval)
		if err != nil {
			return fmt.Errorf("interval: %w", err)
		}
		s.SetMiningWithReorgs(interval, q.Every, q.Depth)
		return nil
	})
	handle("batch-rows", func(_ *http.Request, q request) error { s.SetBatchRows(q.Rows); return nil })
	handle("fail", func(_ *http.Request, q request) error {
		if q.Code == 0 || q.Code > uint32(codes.Unauthenticated) {
			return fmt.Errorf("%d is no gRPC error code", q.Code)
		}
		s.Fail(codes.Code(q.Code), q.Message, q.After)
		return nil
	})
	return mux
}

func answerControl(w http.ResponseWriter, st Status, err error) {
	w.Header().Set("Content-Type", "application/json")
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		json.NewEncoder(w).Encode(map[string]string{"error": err.Error()})
		return
	}
	json.NewEncoder(w).Encode(st)
}
