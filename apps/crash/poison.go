package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"syscall"

	"github.com/autopromo-cloud/autopromo/core"
)

// poison has a message kill whoever processes it until it is set aside, and then be processed
// again for a customer who asks for it, with kills at that as well. Beside it all goes on.
func poison(ctx context.Context, s *stage, _ *result) error {
	c := s.customers[0]
	workers := s.fleet.with("worker")
	deadly := func(i int) error { return s.fleet.start(ctx, i, "FAILPOINT=offers.save.before") }
	for _, i := range workers {
		s.fleet.end(i, syscall.SIGKILL)
		if err := deadly(i); err != nil {
			return err
		}
	}
	if err := s.writeTo(c); err != nil {
		return err
	}
	for range core.MaxStarts {
		victim := -1
		if err := until(ctx, "a worker dies of the message", func() (bool, error) {
			for _, i := range workers {
				if s.fleet.dead(i) {
					victim = i
				}
			}
			return victim >= 0, nil
		}); err != nil {
			return err
		}
		s.fleet.kill(victim)
		if err := deadly(victim); err != nil {
			return err
		}
	}
	for _, i := range workers {
		s.fleet.end(i, syscall.SIGKILL)
		if err := s.fleet.start(ctx, i); err != nil {
			return err
		}
	}
	if err := until(ctx, "the message is set aside", func() (bool, error) { return setAside(1)(ctx, s, c) }); err != nil {
		return err
	}
	if err := s.write(4 * len(s.customers)); err != nil {
		return err
	}
	for _, at := range []struct {
		when string
		left int
	}{{"before", 1}, {"after", 0}} {
		died, err := s.interrupt(ctx, c, errand{"api", "inbox.redrive", redrive, setAside(at.left)}, at.when)
		if err == nil && !died {
			err = fmt.Errorf("inbox.redrive.%s was not reached", at.when)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// setAside says whether n of a customer's messages are.
func setAside(n int) func(context.Context, *stage, *customer) (bool, error) {
	return func(ctx context.Context, _ *stage, c *customer) (bool, error) {
		all, err := c.deadLetters(ctx)
		return err == nil && len(all) == n, err
	}
}

func (c *customer) deadLetters(ctx context.Context) ([]listed, error) {
	var page struct {
		Items []listed `json:"items"`
	}
	err := c.Call(ctx, http.MethodGet, "/dead-letters", nil, &page)
	return page.Items, err
}

func redrive(ctx context.Context, _ *stage, c *customer) error {
	all, err := c.deadLetters(ctx)
	for _, one := range all {
		err = errors.Join(err, c.Call(ctx, http.MethodPost, "/dead-letters/"+one.ID+"/redrive", nil, nil))
	}
	return err
}
