package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/alecthomas/kong"

	"github.com/autopromo-cloud/autopromo/apps/internal/config"
	"github.com/autopromo-cloud/autopromo/apps/internal/keyfile"
	"github.com/autopromo-cloud/autopromo/apps/internal/wiring"
)

// The exit codes.
const (
	exitFailure = 1
	exitUsage   = 2
)

// commands is the command line.
type commands struct {
	config.Flags

	Serve    serveCommand    `cmd:"" default:"1" help:"Run the server (the default)."`
	Migrate  migrateCommand  `cmd:"" help:"Look at or change the schema of the database."`
	Doctor   doctorCommand   `cmd:"" help:"Look at everything serve needs, with the same flags, and say what does not work and why."`
	Keys     keysCommand     `cmd:"" help:"Make the keys of an installation."`
	Operator operatorCommand `cmd:"" help:"Say who looks after the installation."`
	Demo     demoCommand     `cmd:"" help:"Play the whole product with a simulated WhatsApp; nothing leaves this machine."`
	Version  versionCommand  `cmd:"" help:"Print the version."`
}

// program is what the commands share.
type program struct {
	flags          *config.Flags
	environ        []string
	stdout, stderr io.Writer
}

// run is the program without its process.
func run(ctx context.Context, args, environ []string, stdout, stderr io.Writer) int {
	err := execute(ctx, args, environ, stdout, stderr)
	if err == nil {
		return 0
	}
	fmt.Fprintln(stderr, "autopromo:", err)
	var wrong *config.Error
	var usage *kong.ParseError
	if errors.As(err, &wrong) || errors.As(err, &usage) {
		fmt.Fprintln(stderr, `Run "autopromo --help" for the commands and flags.`)
		return exitUsage
	}
	return exitFailure
}

func execute(ctx context.Context, args, environ []string, stdout, stderr io.Writer) error {
	var line commands
	parser, err := kong.New(&line, append(config.Options(environ),
		kong.Name("autopromo"),
		kong.Description("Watches WhatsApp groups for offers and reposts them with your own affiliate links."),
		kong.Writers(stdout, stderr),
		kong.BindTo(ctx, (*context.Context)(nil)))...)
	if err != nil {
		return err
	}
	command, err := parser.Parse(args)
	if err != nil {
		return err
	}
	return command.Run(&program{flags: &line.Flags, environ: environ, stdout: stdout, stderr: stderr})
}

// settings checks the flags and opens the keys, for the commands that need them.
func (p *program) settings() (wiring.Settings, error) {
	c, err := p.flags.Config()
	if err != nil {
		return wiring.Settings{}, err
	}
	keys, err := openKeys(c)
	if err != nil {
		return wiring.Settings{}, err
	}
	return wiring.Settings{Config: c, Keys: keys, Log: p.logger(c, c.LogLevel), Version: currentVersion()}, nil
}

func openKeys(c config.Config) (keyfile.Keys, error) {
	if c.KeysFile != "" {
		return keyfile.Read(c.KeysFile)
	}
	return keyfile.Open(c.DataDir, wiring.Database)
}

func (p *program) logger(c config.Config, level slog.Level) *slog.Logger {
	options := &slog.HandlerOptions{Level: level}
	if c.LogJSON {
		return slog.New(slog.NewJSONHandler(p.stderr, options))
	}
	return slog.New(slog.NewTextHandler(p.stderr, options))
}
