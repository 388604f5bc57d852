package config

import (
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/autopromo-cloud/autopromo/core"
)

// Config is the checked settings of a server.
type Config struct {
	HTTPAddr string
	DataDir  string
	// DatabaseURL is the PostgreSQL server, empty for the embedded database; RedisURL the
	// bus, empty for the embedded queue.
	DatabaseURL, RedisURL core.Secret
	// KeysFile is "" for the one in the data folder.
	KeysFile string
	Roles    Roles
	// PublicURL is "" when webhooks shall come to the address the server listens on.
	PublicURL string
	// Gateways are the ways to WhatsApp on offer, the default first: "evolution", "waha",
	// "whatsmeow".
	Gateways          []string
	EvolutionURL      string
	EvolutionAPIKey   core.Secret
	WahaURL           string
	WahaAPIKey        core.Secret
	WahaClientIDs     bool
	AllowPrivateHosts []string
	// AllowLoopback lets providers and links live on this machine; true only while the
	// server itself cannot be reached from another one.
	AllowLoopback bool
	// StoresFile describes the operator's own stores; "" for none.
	StoresFile   string
	PacingOff    bool
	Registration bool
	LogLevel     slog.Level
	LogJSON      bool
}

// Roles are the parts of the work of one process.
type Roles struct{ API, Worker, Dispatcher bool }

// Error is a setting that cannot be used.
type Error struct {
	Flag string
	Why  string
}

// Error implements error; it names the flag and its variable, never a value that could be
// a secret.
func (e *Error) Error() string {
	return fmt.Sprintf("--%s (%s): %s", e.Flag, Variable(e.Flag), e.Why)
}

// Config checks the flags. The error is an *Error.
func (f Flags) Config() (Config, error) {
	c := Config{
		HTTPAddr: f.HTTPAddr, DataDir: f.DataDir, DatabaseURL: f.DatabaseURL, RedisURL: f.RedisURL, KeysFile: f.KeysFile, PublicURL: strings.TrimRight(f.PublicURL, "/"),
		Gateways: f.Gateway, EvolutionURL: f.EvolutionURL, EvolutionAPIKey: f.EvolutionAPIKey,
		WahaURL: f.WahaURL, WahaAPIKey: f.WahaAPIKey, WahaClientIDs: f.WahaClientIDs,
		AllowPrivateHosts: f.AllowPrivateHosts, StoresFile: f.StoresFile,
		PacingOff: f.Pacing == "off", Registration: f.Registration == "open", LogJSON: f.LogFormat == "json",
	}
	host, _, err := net.SplitHostPort(f.HTTPAddr)
	if err != nil {
		return Config{}, &Error{"http-addr", "want HOST:PORT, such as 127.0.0.1:8090"}
	}
	c.AllowLoopback = isLoopback(host)
	if c.Roles, err = parseRoles(f.Roles); err != nil {
		return Config{}, err
	}
	if err := c.LogLevel.UnmarshalText([]byte(f.LogLevel)); err != nil {
		return Config{}, &Error{"log-level", "want debug, info, warn or error"}
	}
	for _, rule := range []struct {
		flag string
		ok   bool
		why  string
	}{
		{"data-dir", f.DataDir != "", "a folder is needed"},
		{"database-url", f.DatabaseURL.IsZero() || hasScheme(f.DatabaseURL, "postgres", "postgresql"), "want a URL that begins with postgres://"},
		{"redis-url", f.RedisURL.IsZero() || hasScheme(f.RedisURL, "redis", "rediss"), "want a URL that begins with redis:// or rediss://"},
		{"redis-url", f.RedisURL.IsZero() || !f.DatabaseURL.IsZero(), "several processes need --database-url too"},
		{"redis-url", !f.RedisURL.IsZero() || f.DatabaseURL.IsZero() || c.Roles == everything, "processes with some of the roles need it to call each other"},
		{"public-url", f.PublicURL == "" || isBaseURL(f.PublicURL), "want an http or https URL without user, query or fragment"},
		{"evolution-url", f.EvolutionURL == "" || isBaseURL(f.EvolutionURL), "want an http or https URL without user, query or fragment"},
		{"evolution-api-key", (f.EvolutionURL == "") == f.EvolutionAPIKey.IsZero(), "give --evolution-url and --evolution-api-key together"},
		{"gateway", areGateways(f.Gateway), "want one or more of evolution, waha and whatsmeow, each once"},
		{"evolution-url", f.EvolutionURL == "" || slices.Contains(f.Gateway, Evolution), "add evolution to --gateway"},
		{"waha-url", f.WahaURL == "" || isBaseURL(f.WahaURL), "want an http or https URL without user, query or fragment"},
		{"waha-api-key", (f.WahaURL == "") == f.WahaAPIKey.IsZero(), "give --waha-url and --waha-api-key together"},
		{"waha-url", f.WahaURL == "" || slices.Contains(f.Gateway, Waha), "add waha to --gateway"},
		{"waha-client-ids", !f.WahaClientIDs || slices.Contains(f.Gateway, Waha), "add waha to --gateway"},
		{"pacing", f.Pacing == "safe" || f.Pacing == "off", "want safe or off"},
		{"registration", f.Registration != "invite", "invitations are not in this version; use open or closed"},
		{"registration", f.Registration == "open" || f.Registration == "closed", "want open or closed"},
		{"log-format", f.LogFormat == "text" || f.LogFormat == "json", "want text or json"},
	} {
		if !rule.ok {
			return Config{}, &Error{rule.flag, rule.why}
		}
	}
	return c, nil
}

// The ways to WhatsApp.
const (
	Evolution = "evolution"
	Waha      = "waha"
	Whatsmeow = "whatsmeow"
)

// areGateways says whether names are ways to WhatsApp, without a repetition.
func areGateways(names []string) bool {
	for i, name := range names {
		if name != Evolution && name != Waha && name != Whatsmeow || slices.Contains(names[:i], name) {
			return false
		}
	}
	return len(names) > 0
}

// everything is the role "all".
var everything = Roles{API: true, Worker: true, Dispatcher: true}

func parseRoles(names []string) (Roles, error) {
	if slices.Equal(names, []string{"all"}) {
		return everything, nil
	}
	var r Roles
	for _, name := range names {
		switch name {
		case "api":
			r.API = true
		case "worker":
			r.Worker = true
		case "dispatcher":
			r.Dispatcher = true
		default:
			return Roles{}, &Error{"roles", "want all, or some of api, worker and dispatcher"}
		}
	}
	if r == (Roles{}) {
		return Roles{}, &Error{"roles", "at least one is needed"}
	}
	return r, nil
}

// isLoopback says whether a server that listens on host is out of reach for other machines.
func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func isBaseURL(raw string) bool {
	u, err := url.Parse(raw)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != "" &&
		u.User == nil && u.RawQuery == "" && !u.ForceQuery && u.Fragment == ""
}

// hasScheme says whether a URL with credentials has one of the schemes, and a host.
func hasScheme(raw core.Secret, schemes ...string) bool {
	u, err := url.Parse(raw.Reveal())
	return err == nil && slices.Contains(schemes, u.Scheme) && u.Host != ""
}
