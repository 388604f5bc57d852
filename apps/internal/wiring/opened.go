package wiring

import (
	"errors"
	"slices"
)

// opened are the files and sockets that the parts hold. They are closed by Serve and not by
// fx, which stops nothing of a graph that could not be built to its end.
type opened struct{ closers []func() error }

func (o *opened) add(closer func() error) { o.closers = append(o.closers, closer) }

// close closes everything, the last first.
func (o *opened) close() error {
	var errs []error
	for _, closer := range slices.Backward(o.closers) {
		errs = append(errs, closer())
	}
	o.closers = nil
	return errors.Join(errs...)
}
