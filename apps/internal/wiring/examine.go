package wiring

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/autopromo-cloud/autopromo/adapters/evolution"
	"github.com/autopromo-cloud/autopromo/adapters/waha"
	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
)

// examineTimeout bounds the look at one part.
const examineTimeout = 30 * time.Second

// Finding is what a look at one part of the installation found.
type Finding struct {
	Part string
	Said string // what it is, where there is something to say
	Err  error  // why it does not work; nil when it does
}

// Examine looks at everything a server of these settings needs, in the way the server would.
// It makes the data folder where there is none, and changes nothing that is there.
func Examine(ctx context.Context, s Settings) []Finding {
	all := []Finding{examineDatabase(ctx, s), examineBus(s)}
	return append(all, examineGateways(ctx, s)...)
}

func examineDatabase(ctx context.Context, s Settings) Finding {
	ctx, cancel := context.WithTimeout(ctx, examineTimeout)
	defer cancel()
	f := Finding{Part: "database", Said: "SQLite in " + s.Config.DataDir}
	if !s.Config.DatabaseURL.IsZero() {
		f.Said = "PostgreSQL"
	}
	r, err := OpenRepository(ctx, s, "")
	if err != nil {
		f.Err = err
		return f
	}
	defer func() { f.Err = errors.Join(f.Err, r.Close()) }()
	pending, err := r.Pending(ctx)
	if err != nil {
		f.Err = err
		return f
	}
	if len(pending) > 0 && s.Config.DatabaseURL.IsZero() {
		f.Said += fmt.Sprintf("; migrations that the next start makes: %d", len(pending))
		return f
	}
	f.Err = r.Verify(ctx, s.Keys.Print())
	return f
}

func examineBus(s Settings) Finding {
	f := Finding{Part: "bus", Said: "a queue in " + s.Config.DataDir}
	if !s.Config.RedisURL.IsZero() {
		f.Said = "Redis"
	}
	var files opened
	_, _, err := newBus(&files, s)
	f.Err = errors.Join(err, files.close())
	return f
}

// examiner is a gateway that can look at a server.
type examiner interface {
	Examine(ctx context.Context, serverURL string, key core.Secret) (version string, err error)
}

var (
	_ examiner = (*evolution.Gateway)(nil)
	_ examiner = (*waha.Gateway)(nil)
)

func examineGateways(ctx context.Context, s Settings) (all []Finding) {
	var files opened
	gateways, _, err := newGateways(&files, s)
	if err != nil {
		return []Finding{{Part: "WhatsApp", Said: "the gateways", Err: errors.Join(err, files.close())}}
	}
	servers := s.servers()
	for _, g := range gateways {
		all = append(all, examineGateway(ctx, g, servers[g.Capabilities().Provider].URL, servers[g.Capabilities().Provider].Key))
	}
	if err := files.close(); err != nil {
		all = append(all, Finding{Part: "WhatsApp", Said: "the gateways", Err: err})
	}
	return all
}

func examineGateway(ctx context.Context, g gateway.Gateway, serverURL string, key core.Secret) Finding {
	ctx, cancel := context.WithTimeout(ctx, examineTimeout)
	defer cancel()
	f := Finding{Part: string(g.Capabilities().Provider)}
	server, ok := g.(examiner)
	switch {
	case !ok:
		f.Said = "in this process; whether WhatsApp can be reached is seen when a session connects"
	case serverURL == "":
		f.Said = "customers bring servers of their own"
	default:
		version, err := server.Examine(ctx, serverURL, key)
		f.Said, f.Err = serverURL, explained(err)
		if version != "" {
			f.Said += ", version " + version
		}
	}
	return f
}

// explained says what to do about a server that cannot be used.
func explained(err error) error {
	advice := map[gateway.Kind]string{
		gateway.KindAuth:      "it refuses the key: compare it with the server's own",
		gateway.KindLicense:   "it wants a licence: activate it, or use version 2.3.7",
		gateway.KindVersion:   "this version does not work here: use 2.3.7 or another 2.x",
		gateway.KindInvalid:   "it cannot do what the settings say of it",
		gateway.KindTemporary: "it cannot be reached: check the address, and that it runs",
	}[gateway.KindOf(err)]
	if err == nil || advice == "" {
		return err
	}
	return fmt.Errorf("%s (%w)", advice, err)
}
