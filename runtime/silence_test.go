package runtime

import (
	"bytes"
	"context"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ampgen/ampgen/runtime/blockrange"
	"github.com/ampgen/ampgen/runtime/resilience"
)

// listener is a loader that follows a chain in a bubble of time.
type listener struct {
	source *fakeSource
	sink   *fakeSink
	log    bytes.Buffer
	stop   context.CancelFunc
	ended  chan error
}

func listen(t *testing.T, change func(*Options)) *listener {
	l := &listener{sink: &fakeSink{store: &fakeStore{}}, ended: make(chan error, 1),
		source: &fakeSource{schema: querySchema, synced: onBranch("a", 0, 99), forked: noFork, live: true, changed: make(chan struct{})}}
	ctx, stop := context.WithCancel(t.Context())
	l.stop = stop
	p := testPipeline()
	o := Options{Pipeline: &p, Source: l.source, Sink: l.sink, Log: slog.New(slog.NewTextHandler(&l.log, nil))}
	change(&o)
	go func() { l.ended <- Run(ctx, o) }()
	synctest.Wait()
	return l
}

func (l *listener) covered() string {
	l.sink.store.mu.Lock()
	defer l.sink.store.mu.Unlock()
	return blockrange.Cover("mainnet", l.sink.store.ranges).String()
}

// asked is how many queries that end the loader has made.
func (l *listener) asked() int {
	l.source.mu.Lock()
	defer l.source.mu.Unlock()
	return len(l.source.queries)
}

// end stops the loader and checks how often it opened the stream, and what it says of that.
func (l *listener) end(t *testing.T, streams int, says ...string) {
	t.Helper()
	l.stop()
	<-l.ended
	if l.source.streams != streams {
		t.Errorf("the stream was opened %d times, want %d", l.source.streams, streams)
	}
	for _, s := range says {
		if !strings.Contains(l.log.String(), s) {
			t.Errorf("no %q in the log:\n%s", s, &l.log)
		}
	}
}

// TestSilentChain: a stream may be silent for as long as its chain is. The loader asks now and then.
func TestSilentChain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := listen(t, func(*Options) {})
		time.Sleep(10 * time.Hour)
		if n := l.asked(); n < 500 || n > 700 {
			t.Errorf("the server was asked %d times in ten hours what it has", n)
		}
		l.source.become(105, noFork)
		synctest.Wait()
		if c := l.covered(); c != "0-105" {
			t.Errorf("covered is %s", c)
		}
		asked := l.asked()
		time.Sleep(9 * time.Minute)
		if n := l.asked(); n != asked {
			t.Errorf("the server was asked %d times more although such a pause is usual", n-asked)
		}
		l.end(t, 1, "the stream is silent", "block=99 stream=99 silent=1m0s")
	})
}

// TestStalledStream: the stream is silent and the chain is not. The loader finds out, opens the stream again and says so.
func TestStalledStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := listen(t, func(o *Options) { o.Silence = 20 * time.Second })
		l.source.hang()
		l.source.become(105, noFork)
		time.Sleep(32 * time.Second) // 20 until it asks, 10 until it asks again, and up to one before it is tried again
		synctest.Wait()
		if c := l.covered(); c != "0-105" {
			t.Errorf("covered is %s", c)
		}
		// The tip is replaced by one of the same number.
		l.source.hang()
		l.source.become(105, 104)
		time.Sleep(32 * time.Second)
		synctest.Wait()
		if l.sink.store.ranges[len(l.sink.store.ranges)-1].Hash != hashOf("b", 105) {
			t.Errorf("covered is %v", l.sink.store.ranges)
		}
		l.end(t, 3, "silent for 30s, while the server has blocks up to 105 and the stream has brought those up to 99")
	})
}

// TestLateMessage: what was on its way when the server was asked is no stall.
func TestLateMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := listen(t, func(*Options) {})
		l.source.hang()
		l.source.become(105, noFork)
		time.Sleep(89 * time.Second)
		l.source.mu.Lock()
		l.source.hung = 0
		l.source.mu.Unlock()
		l.source.become(106, noFork)
		time.Sleep(time.Hour)
		l.end(t, 1)
	})
}

// TestServerThatFallsSilent altogether: neither the stream nor the question is answered. When it comes back, the loader goes on.
func TestServerThatFallsSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := listen(t, func(*Options) {})
		dead := make(chan struct{})
		l.source.mu.Lock()
		l.source.opened = func(string) { <-dead }
		l.source.mu.Unlock()
		l.source.hang()
		time.Sleep(10 * time.Minute)
		close(dead)
		l.source.become(105, noFork)
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if c := l.covered(); c != "0-105" {
			t.Errorf("covered is %s", c)
		}
		l.stop()
		<-l.ended
	})
}

// TestSlowStreamIsGivenTime: a server that takes long to begin a stream is given longer with each attempt, until it brings blocks.
func TestSlowStreamIsGivenTime(t *testing.T) {
	s := newSilence(resilience.Wall, time.Minute)
	var waits []time.Duration
	for range 6 {
		s.opened(nil)
		waits = append(waits, s.patience())
		s.stalls()
	}
	want := []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute, 10 * time.Minute, 10 * time.Minute}
	if !slices.Equal(waits, want) {
		t.Errorf("waits %v, want %v", waits, want)
	}
	s.since = time.Now()
	s.hears(Message{})
	if p := s.patience(); p != 10*time.Minute {
		t.Errorf("after a message without blocks it waits %v", p)
	}
	s.hears(Message{Ranges: []Range{onBranch("a", 0, 99)}})
	if p := s.patience(); p != time.Minute {
		t.Errorf("after blocks it waits %v", p)
	}
}
