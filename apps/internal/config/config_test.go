package config_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/autopromo-cloud/autopromo/apps/internal/config"
	"github.com/autopromo-cloud/autopromo/core"
)

// parse reads a command line and an environment as the program does.
func parse(t *testing.T, args, environ []string) (config.Config, error) {
	t.Helper()
	var flags config.Flags
	parser, err := kong.New(&flags, config.Options(environ)...)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse(args); err != nil {
		return config.Config{}, err
	}
	return flags.Config()
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	got, err := parse(t, nil, []string{"PATH=/bin", "AUTOPROMO_DATABASE_URL=", "AUTOPROMO_HTTP_ADDR="})
	if err != nil {
		t.Fatal(err)
	}
	want := config.Config{
		HTTPAddr: "127.0.0.1:8090", DataDir: "./autopromo-data", AllowLoopback: true,
		Gateways:     []string{"evolution"},
		Roles:        config.Roles{API: true, Worker: true, Dispatcher: true},
		Registration: true, LogLevel: slog.LevelInfo,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		args    []string
		environ []string
		want    func(config.Config) bool
	}{
		{
			"a variable wins over the default", nil, []string{"AUTOPROMO_HTTP_ADDR=127.0.0.1:1"},
			func(c config.Config) bool { return c.HTTPAddr == "127.0.0.1:1" },
		},
		{
			"a flag wins over its variable", []string{"--http-addr=127.0.0.1:2"}, []string{"AUTOPROMO_HTTP_ADDR=127.0.0.1:1"},
			func(c config.Config) bool { return c.HTTPAddr == "127.0.0.1:2" },
		},
		{
			"the last of two variables wins", nil, []string{"AUTOPROMO_DATA_DIR=a", "AUTOPROMO_DATA_DIR=b"},
			func(c config.Config) bool { return c.DataDir == "b" },
		},
		{
			"roles from a variable", nil, []string{"AUTOPROMO_ROLES=worker,dispatcher"},
			func(c config.Config) bool { return c.Roles == config.Roles{Worker: true, Dispatcher: true} },
		},
		{
			"one role", []string{"--roles=api"}, nil,
			func(c config.Config) bool { return c.Roles == config.Roles{API: true} },
		},
		{
			"an IPv6 loopback address", []string{"--http-addr=[::1]:0"}, nil,
			func(c config.Config) bool { return c.AllowLoopback },
		},
		{
			"localhost", []string{"--http-addr=localhost:0"}, nil,
			func(c config.Config) bool { return c.AllowLoopback },
		},
		{
			"a server that others can reach must not call loopback addresses", []string{"--http-addr=:8090"}, nil,
			func(c config.Config) bool { return !c.AllowLoopback },
		},
		{
			"the same for every address of the machine", []string{"--http-addr=0.0.0.0:8090"}, nil,
			func(c config.Config) bool { return !c.AllowLoopback },
		},
		{
			"private hosts", []string{"--allow-private-hosts=evolution:8080,10.0.0.7"}, nil,
			func(c config.Config) bool {
				return len(c.AllowPrivateHosts) == 2 && c.AllowPrivateHosts[1] == "10.0.0.7"
			},
		},
		{
			"several ways to WhatsApp", []string{"--gateway=whatsmeow,waha"}, []string{"AUTOPROMO_WAHA_CLIENT_IDS=true"},
			func(c config.Config) bool {
				return slices.Equal(c.Gateways, []string{"whatsmeow", "waha"}) && c.WahaClientIDs
			},
		},
		{
			"a WAHA of the operator", []string{"--waha-url=http://waha:3000"},
			[]string{"AUTOPROMO_GATEWAY=waha", "AUTOPROMO_WAHA_API_KEY=k"},
			func(c config.Config) bool { return c.WahaURL == "http://waha:3000" && c.WahaAPIKey.Reveal() == "k" },
		},
		{
			"a provider of the operator",
			[]string{"--evolution-url=http://evolution:8080"},
			[]string{"AUTOPROMO_EVOLUTION_API_KEY=k"},
			func(c config.Config) bool {
				return c.EvolutionURL == "http://evolution:8080" && c.EvolutionAPIKey.Reveal() == "k"
			},
		},
		{
			"the rest",
			[]string{
				"--pacing=off", "--registration=closed", "--log-level=debug", "--log-format=json",
				"--public-url=https://promo.example/base/",
			},
			nil,
			func(c config.Config) bool {
				return c.PacingOff && !c.Registration && c.LogLevel == slog.LevelDebug && c.LogJSON &&
					c.PublicURL == "https://promo.example/base"
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := parse(t, c.args, c.environ)
			if err != nil {
				t.Fatal(err)
			}
			if !c.want(got) {
				t.Errorf("unexpected %+v", got)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	const canary = "hunter2-canary"
	for _, c := range []struct {
		args    []string
		environ []string
		want    string
	}{
		{environ: []string{"AUTOPROMO_DATA_DIRECTORY=x"}, want: "unknown environment variable AUTOPROMO_DATA_DIRECTORY; did you mean AUTOPROMO_DATA_DIR?"},
		{environ: []string{"AUTOPROMO_EVOLUTION_APIKEY=" + canary}, want: "did you mean AUTOPROMO_EVOLUTION_API_KEY?"},
		{environ: []string{"AUTOPROMO_DATABASE_URL=mysql://u:" + canary + "@db/x"}, want: "AUTOPROMO_DATABASE_URL): want a URL that begins with postgres://"},
		{environ: []string{"AUTOPROMO_DATABASE_URL=postgres://u:" + canary + "@db/x", "AUTOPROMO_ROLES=worker"}, want: "AUTOPROMO_REDIS_URL): processes with some of the roles need it"},
		{args: []string{"--redis-url=" + canary}, want: "AUTOPROMO_REDIS_URL): want a URL that begins with redis://"},
		{args: []string{"--redis-url=redis://:" + canary + "@r"}, want: "AUTOPROMO_REDIS_URL): several processes need --database-url too"},
		{args: []string{"--registration=invite"}, want: "invitations are not in this version"},
		{args: []string{"--registration=maybe"}, want: "want open or closed"},
		{args: []string{"--pacing=fast"}, want: "want safe or off"},
		{args: []string{"--roles=boss"}, want: "--roles"},
		{args: []string{"--roles=all,api"}, want: "--roles"},
		{args: []string{"--roles="}, want: "--roles"},
		{args: []string{"--log-level=loud"}, want: "--log-level"},
		{args: []string{"--log-format=xml"}, want: "--log-format"},
		{args: []string{"--http-addr=8090"}, want: "want HOST:PORT"},
		{args: []string{"--data-dir="}, want: "--data-dir"},
		{args: []string{"--public-url=promo.example"}, want: "--public-url"},
		{args: []string{"--public-url=https://u:" + canary + "@promo.example"}, want: "--public-url"},
		{args: []string{"--evolution-url=http://evolution"}, want: "together"},
		{args: []string{"--evolution-api-key=" + canary}, want: "together"},
		{args: []string{"--evolution-url=ftp://evolution", "--evolution-api-key=" + canary}, want: "--evolution-url"},
		{args: []string{"--gateway=evolution,telegram"}, want: "--gateway"},
		{args: []string{"--gateway=waha,waha"}, want: "each once"},
		{args: []string{"--gateway=whatsmeow", "--evolution-url=http://evolution", "--evolution-api-key=" + canary}, want: "add evolution to --gateway"},
		{args: []string{"--waha-url=http://waha", "--waha-api-key=" + canary}, want: "add waha to --gateway"},
		{args: []string{"--waha-client-ids"}, want: "--waha-client-ids"},
		{args: []string{"--gateway=waha", "--waha-url=http://waha"}, want: "--waha-url and --waha-api-key together"},
		{args: []string{"--gateway=waha", "--waha-url=waha:3000", "--waha-api-key=" + canary}, want: "want an http or https URL"},
	} {
		t.Run(c.want, func(t *testing.T) {
			t.Parallel()
			_, err := parse(t, c.args, c.environ)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got error %v, want one with %q", err, c.want)
			}
			if strings.Contains(err.Error(), canary) {
				t.Errorf("the error shows a secret: %v", err)
			}
		})
	}
}

func TestRefusalNamesItsFlag(t *testing.T) {
	t.Parallel()
	_, err := parse(t, []string{"--pacing=fast"}, nil)
	var e *config.Error
	if !errors.As(err, &e) || e.Flag != "pacing" {
		t.Errorf("got %v, want a *config.Error for pacing", err)
	}
}

// TestNeverPrinted prints a configuration in every way a mistake could.
func TestNeverPrinted(t *testing.T) {
	t.Parallel()
	const canary = "hunter2-canary"
	c, err := parse(t, []string{"--evolution-url=http://evolution"}, []string{"AUTOPROMO_EVOLUTION_API_KEY=" + canary})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "config", c, "key", c.EvolutionAPIKey)
	fmt.Fprintf(&out, "%v %+v %#v %s", c, c, c, c.EvolutionAPIKey)
	flags := config.Flags{DatabaseURL: core.NewSecret(canary)}
	fmt.Fprintf(&out, "%+v", flags)
	if strings.Contains(out.String(), canary) {
		t.Errorf("a secret was printed: %s", out.String())
	}
}

// TestHelpNamesVariables keeps the help complete: each flag shows its variable.
func TestHelpNamesVariables(t *testing.T) {
	t.Parallel()
	var flags config.Flags
	var out bytes.Buffer
	exited := false
	options := append(config.Options(nil), kong.Writers(&out, &out), kong.Exit(func(int) { exited = true }))
	parser, err := kong.New(&flags, options...)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse([]string{"--help"}); err != nil || !exited {
		t.Fatalf("help: error %v, exited %v", err, exited)
	}
	help := strings.Join(strings.Fields(out.String()), " ")
	for _, flag := range parser.Model.Flags {
		if flag.Name != "help" && !strings.Contains(help, "["+config.Variable(flag.Name)+"]") {
			t.Errorf("the help does not name %s:\n%s", config.Variable(flag.Name), help)
		}
	}
}
