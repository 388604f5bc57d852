package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"strings"

	"github.com/autopromo-cloud/autopromo/apps/internal/config"
	"github.com/autopromo-cloud/autopromo/apps/internal/demo"
	"github.com/autopromo-cloud/autopromo/apps/internal/keyfile"
	"github.com/autopromo-cloud/autopromo/apps/internal/wiring"
	"github.com/autopromo-cloud/autopromo/core"
)

type demoCommand struct {
	Leave bool `help:"End after the story instead of staying open."`
}

// Run plays the demo on a server with a folder that is gone afterwards.
func (c demoCommand) Run(ctx context.Context, p *program) (err error) {
	settings, err := p.flags.Config()
	if err != nil {
		return err
	}
	if !settings.AllowLoopback {
		return &config.Error{Flag: "http-addr", Why: "the demo is for this machine only; want a loopback address"}
	}
	dir, err := os.MkdirTemp("", "autopromo-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	// The story is told on stdout; log lines that are part of it would only confuse.
	level := slog.LevelError
	if settings.LogLevel < slog.LevelInfo {
		level = settings.LogLevel
	}
	ctx, cancel := context.WithCancel(ctx)
	var ended chan error
	defer func() {
		cancel()
		if ended != nil {
			err = errors.Join(err, <-ended)
		}
	}()
	start := func(_ context.Context, url string, key core.Secret, shortLinks http.RoundTripper, play func(context.Context) error) (string, error) {
		settings.DataDir, settings.PacingOff, settings.Registration = dir, true, true
		settings.Roles = config.Roles{API: true, Worker: true, Dispatcher: true}
		settings.Gateways = []string{config.Evolution}
		settings.EvolutionURL, settings.EvolutionAPIKey, settings.PublicURL = url, key, ""
		keys, err := keyfile.Open(dir, wiring.Database)
		if err != nil {
			return "", err
		}
		s := wiring.Settings{
			Config: settings, Keys: keys, Version: currentVersion(), ShortLinks: shortLinks, Demo: play,
			Log: p.logger(settings, level),
		}
		ready := make(chan string, 1)
		stopped := make(chan error, 1)
		go func() { stopped <- wiring.Serve(ctx, s, func(address string) { ready <- address }) }()
		select {
		case address := <-ready:
			ended = stopped
			return "http://" + address, nil
		case err := <-stopped:
			return "", err
		}
	}
	return demo.Run(ctx, demo.Options{Start: start, Out: p.stdout, Color: p.color(), Leave: c.Leave})
}

// color says whether stdout is a terminal whose owner did not decline colours.
func (p *program) color() bool {
	declined := slices.ContainsFunc(p.environ, func(entry string) bool {
		return strings.HasPrefix(entry, "NO_COLOR=") && entry != "NO_COLOR="
	})
	file, ok := p.stdout.(*os.File)
	if !ok || declined {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
