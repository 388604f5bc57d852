package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/autopromo-cloud/autopromo/apps/internal/wiring"
)

type doctorCommand struct{}

// errSick says that something was found; what, is printed by then.
var errSick = errors.New("something does not work, see above")

// Run looks at what serve would use.
func (doctorCommand) Run(ctx context.Context, p *program) error {
	settings, err := p.settings()
	if err != nil {
		return err
	}
	sick := false
	for _, f := range wiring.Examine(ctx, settings) {
		if f.Err != nil {
			sick = true
			fmt.Fprintf(p.stdout, "NOT OK  %s: %s: %v\n", f.Part, f.Said, f.Err)
			continue
		}
		fmt.Fprintf(p.stdout, "ok      %s: %s\n", f.Part, f.Said)
	}
	if sick {
		return errSick
	}
	return nil
}
