package whatsmeow

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"go.mau.fi/whatsmeow/store/sqlstore"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
)

// Name is how instances say that they live in this process.
const Name core.Provider = "whatsmeow"

// Dialect is the kind of the database.
type Dialect string

// The supported databases.
const (
	SQLite   Dialect = "sqlite"
	Postgres Dialect = "postgres"
)

// Options configure a [Gateway].
type Options struct {
	// DB holds the sessions; required. The adapter does not close it. SQLite needs foreign
	// keys switched on and a busy timeout, and should have one writer at a time.
	DB *sql.DB
	// Dialect is the kind of DB; required.
	Dialect Dialect
	// Schema is made by Migrate when it is not there, under PostgreSQL only. The
	// connections of DB must have it as their search_path.
	Schema string
	// Client makes the connections to WhatsApp, the sockets and the media; nil makes one
	// that uses no proxy.
	Client *http.Client
	// Logger gets the oddities that are no error; nil discards them.
	Logger *slog.Logger
	// DeviceName is what the phone shows in its list of linked devices, "AutoPromo" when
	// empty.
	DeviceName string
	// Timeouts bound what the adapter waits for.
	Timeouts Timeouts
	// Pauses are those between two connections.
	Pauses Pauses
	// Preview, when set, describes the first link of a text, which is then sent with a
	// preview. Nothing is ever fetched for it here, and without it texts go out plain.
	Preview func(link string) (Preview, bool)
}

// Preview is what is shown of a link beneath a text.
type Preview struct {
	Title, Description string
	// Thumbnail is a small JPEG, nil for none.
	Thumbnail []byte
}

// Timeouts bound one wait each. Zero means the default.
type Timeouts struct {
	Quick   time.Duration // a question to WhatsApp or the first QR code: 10 s
	Send    time.Duration // the acknowledgement of a message: 60 s
	Groups  time.Duration // the list of groups: 60 s
	Media   time.Duration // an upload or a download: 60 s
	FirstQR time.Duration // how long the first QR code is shown: 60 s, as WhatsApp Web does
	NextQR  time.Duration // how long each of the others is: 20 s
	Silence time.Duration // without an answer to pings before the connection is given up: 90 s
}

// Pauses grow from First to Longest, each by chance between nothing and its whole, and
// start over after a connection that lasted for Reset. Zero means the default.
type Pauses struct {
	First   time.Duration // 1 s
	Longest time.Duration // 5 min
	Reset   time.Duration // 10 min
}

func (o *Options) setDefaults() {
	for _, d := range []struct {
		field    *time.Duration
		standard time.Duration
	}{
		{&o.Timeouts.Quick, 10 * time.Second},
		{&o.Timeouts.Send, 60 * time.Second},
		{&o.Timeouts.Groups, 60 * time.Second},
		{&o.Timeouts.Media, 60 * time.Second},
		{&o.Timeouts.FirstQR, 60 * time.Second},
		{&o.Timeouts.NextQR, 20 * time.Second},
		{&o.Timeouts.Silence, 90 * time.Second},
		{&o.Pauses.First, time.Second},
		{&o.Pauses.Longest, 5 * time.Minute},
		{&o.Pauses.Reset, 10 * time.Minute},
	} {
		if *d.field <= 0 {
			*d.field = d.standard
		}
	}
	if o.Client == nil {
		o.Client = &http.Client{Transport: &http.Transport{
			ForceAttemptHTTP2: true, TLSHandshakeTimeout: 10 * time.Second, IdleConnTimeout: 90 * time.Second,
		}}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.DeviceName == "" {
		o.DeviceName = "AutoPromo"
	}
}

// Gateway holds the sessions that are streamed in this process.
type Gateway struct {
	options   Options
	table     table
	container *sqlstore.Container
	log       *slog.Logger
	media     *http.Client

	mu      sync.Mutex
	streams map[string]*stream // by session name
}

var (
	_ gateway.Gateway      = (*Gateway)(nil)
	_ gateway.Streamer     = (*Gateway)(nil)
	_ gateway.PairingCoder = (*Gateway)(nil)
	_ gateway.MediaFetcher = (*Gateway)(nil)
)

// New returns a gateway. It does no input or output; the tables must have been made by
// [Gateway.Migrate] before sessions are used.
func New(o Options) (*Gateway, error) {
	switch {
	case o.DB == nil:
		return nil, errors.New("whatsmeow: Options.DB is required")
	case o.Dialect != SQLite && o.Dialect != Postgres:
		return nil, errors.New("whatsmeow: Options.Dialect is required: SQLite or Postgres")
	case o.Schema != "" && (o.Dialect != Postgres || !isName(o.Schema)):
		return nil, errors.New("whatsmeow: Options.Schema is a plain lower-case name, for PostgreSQL only")
	}
	o.setDefaults()
	silenceSignal()
	return &Gateway{
		options:   o,
		table:     table{db: o.DB},
		container: sqlstore.NewWithDB(o.DB, string(o.Dialect), quiet{log: o.Logger, module: "store"}),
		log:       o.Logger,
		media:     limited(o.Client),
		streams:   map[string]*stream{},
	}, nil
}

// Capabilities implements [gateway.Gateway]. Nothing that was sent can be looked up: a
// linked device is not told of its own messages.
func (g *Gateway) Capabilities() gateway.Capabilities {
	return gateway.Capabilities{
		Provider:        Name,
		ClientMessageID: gateway.ClientIDHonoured,
		SentLookup:      gateway.LookupNone,
	}
}

// stream finds the session's stream in this process, and says of a session that has none
// why it cannot be used.
func (g *Gateway) stream(ctx context.Context, op, name string) (*stream, error) {
	if !core.ValidInstanceName(name) {
		return nil, fail(op, gateway.KindInvalid, codeSessionName, nil)
	}
	g.mu.Lock()
	s := g.streams[name]
	g.mu.Unlock()
	if s != nil {
		return s, nil
	}
	row, err := g.table.get(ctx, name)
	switch {
	case err != nil:
		return nil, failStored(op, err)
	case row.loggedOut:
		return nil, fail(op, gateway.KindLoggedOut, codeLoggedOut, nil)
	}
	return nil, fail(op, gateway.KindNotConnected, codeNotStreamed, nil)
}

// jitter picks a pause by chance between nothing and the whole.
func jitter(whole time.Duration) time.Duration {
	return time.Duration(rand.Int64N(int64(whole) + 1))
}
