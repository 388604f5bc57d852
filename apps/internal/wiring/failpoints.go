//go:build failpoints

package wiring

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/autopromo-cloud/autopromo/core/engine"
	"github.com/autopromo-cloud/autopromo/ports/bus"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
	"github.com/autopromo-cloud/autopromo/ports/repository"
	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp/endpoint"
	"github.com/autopromo-cloud/autopromo/testkit/faulty"
)

// A program built with the tag failpoints kills itself where it is told to, as a power cut
// would:
//
//	FAILPOINT=lane.begin.after@3  at the third time this point is reached
//	FAILPOINT_SKEW=-3s            its clock is wrong by so much
//	FAILPOINT_HASTE=1             leases and waits for proof are short
//	FAILPOINT_WHATSAPP=…          WhatsApp is the simulated one that is reached so
var point, ordinal = failpoint(os.Getenv("FAILPOINT"))

var reached atomic.Int64

func failpoint(spec string) (name string, nth int64) {
	name, at, _ := strings.Cut(spec, "@")
	nth, err := strconv.ParseInt(at, 10, 64)
	if err != nil {
		nth = 1
	}
	return name, nth
}

// trip is a faulty.Trip.
func trip(_ context.Context, here string) error {
	if here == point && reached.Add(1) == ordinal {
		fmt.Fprintln(os.Stderr, "failpoint", here)
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {} // nothing happens between the signal and the end
	}
	return nil
}

func decorateRepository(r repository.Repository) repository.Repository {
	skew, err := time.ParseDuration(os.Getenv("FAILPOINT_SKEW"))
	if err != nil {
		skew = 0
	}
	return skewed{faulty.Repository(r, trip), skew}
}

// skewed is a repository whose clock is wrong.
type skewed struct {
	repository.Repository
	by time.Duration
}

func (s skewed) Now() time.Time { return s.Repository.Now().Add(s.by) }

func decoratePublisher(p bus.Publisher) bus.Publisher { return faulty.Publisher(p, trip) }

func decorateSubscriber(s bus.Subscriber) bus.Subscriber { return faulty.Subscriber(s, trip) }

func decorateGateway(g gateway.Gateway) gateway.Gateway {
	if full, ok := g.(faulty.FullGateway); ok {
		return faulty.Gateway(full, trip)
	}
	return g
}

func decorateWhatsApp(c *http.Client) *http.Client {
	reach := os.Getenv("FAILPOINT_WHATSAPP")
	if reach == "" {
		return c
	}
	simulated, err := endpoint.Client(reach)
	if err != nil {
		panic(err) // better than the real one
	}
	return simulated
}

func hasten(c *engine.Config) {
	if os.Getenv("FAILPOINT_HASTE") == "" {
		return
	}
	c.Lease = 2 * time.Second
	c.SendTimeout = 3 * time.Second
	c.ProofGrace = 12 * time.Second
	c.DoorbellGrace = 500 * time.Millisecond
	c.SweepEvery = 500 * time.Millisecond
}
