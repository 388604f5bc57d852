package wiring

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"go.uber.org/fx"

	"github.com/autopromo-cloud/autopromo/adapters/httpapi"
	"github.com/autopromo-cloud/autopromo/apps/internal/config"
	"github.com/autopromo-cloud/autopromo/apps/internal/fxrun"
	"github.com/autopromo-cloud/autopromo/core/engine"
)

// address is where the API listens, "" where the roles leave it out.
type address string

// Limits of the HTTP server. Reading is quick or hostile; writing is not bounded as
// tightly, because listing the groups of a real account takes minutes at the provider.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 10 * time.Second
	writeTimeout      = 200 * time.Second
	idleTimeout       = time.Minute
	maxHeaderBytes    = 16 << 10
	// drainTimeout leaves the engine and the database a share of the stop's time.
	drainTimeout = 8 * time.Second
)

// listen takes the address before anything is built that has to know the port.
func listen(files *opened, s Settings) (net.Listener, error) {
	var listener net.ListenConfig
	l, err := listener.Listen(context.Background(), "tcp", s.Config.HTTPAddr)
	if err != nil {
		var op *net.OpError
		if errors.As(err, &op) {
			err = op.Err // the rest is the address once more
		}
		return nil, failed("listen on "+s.Config.HTTPAddr+" (--http-addr, "+config.Variable("http-addr")+")", err)
	}
	files.add(func() error { l.Close(); return nil }) // the HTTP server has closed it, once it ran
	return l, nil
}

func listenerAddress(s Settings, l net.Listener) address {
	at := l.Addr().String()
	if s.Config.PublicURL == "" && reachable(at) != at {
		s.Log.Warn("AUTOPROMO_PUBLIC_URL is not set: only a provider on this machine can deliver messages",
			"webhooks", "http://"+reachable(at))
	}
	return address(at)
}

func noAddress() address { return "" }

// streams is what ends the answers that do not end by themselves.
type streams struct {
	stopping context.Context
	stop     context.CancelFunc
}

func newStreams() streams {
	ctx, cancel := context.WithCancel(context.Background())
	return streams{ctx, cancel}
}

// api is the handler of everything HTTP.
type api http.Handler

func newHandler(s Settings, e *engine.Engine, metrics http.Handler, live streams) (api, error) {
	registration := httpapi.RegistrationClosed
	if s.Config.Registration {
		registration = httpapi.RegistrationOpen
	}
	h, err := httpapi.New(e, httpapi.Options{
		SigningKey: s.Keys.Signing, Registration: registration, Metrics: metrics, Logger: s.Log, Version: s.Version,
		HTTPS: strings.HasPrefix(s.Config.PublicURL, "https://"), Stopping: live.stopping, Demo: s.Demo,
	})
	return h, failed("make the API", err)
}

func serveHTTP(lc fx.Lifecycle, stopper fx.Shutdowner, s Settings, l net.Listener, h api, live streams) {
	server := &http.Server{
		Handler: h, ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout,
		WriteTimeout: writeTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes,
		ErrorLog: slog.NewLogLogger(s.Log.Handler(), slog.LevelWarn),
	}
	fxrun.Hook(lc, stopper, s.Log, "http", func(ctx context.Context) error {
		drained := make(chan error, 1)
		go func() {
			<-ctx.Done()
			live.stop()
			drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
			defer cancel()
			err := server.Shutdown(drain)
			if errors.Is(err, context.DeadlineExceeded) {
				s.Log.Warn("requests were cut off to stop in time")
				err = server.Close()
			}
			drained <- err
		}()
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		// Serve returns as soon as Shutdown begins.
		return <-drained
	})
}
