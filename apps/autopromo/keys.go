package main

import "github.com/autopromo-cloud/autopromo/apps/internal/keyfile"

type keysCommand struct {
	New newKeysCommand `cmd:"" help:"Print a new keys file, for --keys-file. Every process of an installation needs the same one, for ever."`
}

type newKeysCommand struct{}

// Run prints new keys.
func (newKeysCommand) Run(p *program) error {
	raw, err := keyfile.New()
	if err != nil {
		return err
	}
	_, err = p.stdout.Write(raw)
	return err
}
