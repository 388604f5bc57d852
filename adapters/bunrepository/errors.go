package bunrepository

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/autopromo-cloud/autopromo/core"
)

// refusal carries the error of a caller's change function past the translation: it is
// returned as it is.
type refusal struct{ error }

// translate makes a core error of what the driver said, judged by its code. op names the
// operation, for logs.
func (r *Repository) translate(op string, err error) error {
	var (
		refused refusal
		known   *core.Error
	)
	switch {
	case err == nil:
		return nil
	case errors.As(err, &refused):
		return refused.error
	case errors.As(err, &known):
		return err
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%s: %w", op, err)
	}
	code, reason := core.CodeInternal, core.ReasonInternal
	switch {
	case errors.Is(err, sql.ErrNoRows):
		code, reason = core.CodeNotFound, core.ReasonNotFound
	case r.closed.Load(), errors.Is(err, sql.ErrConnDone):
		code, reason = core.CodeUnavailable, core.ReasonUnavailable
	default:
		if c, why := r.database.classify(err); c != "" {
			code, reason = c, why
		}
	}
	return &core.Error{Code: code, Reason: reason, Err: fmt.Errorf("%s: %w", op, err)}
}
