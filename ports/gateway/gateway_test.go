package gateway

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

func TestKindOf(t *testing.T) {
	wrapped := fmt.Errorf("x: %w", &Error{Kind: KindRateLimited, Op: "send", RetryAfter: time.Minute})
	if KindOf(wrapped) != KindRateLimited || RetryAfterOf(wrapped) != time.Minute {
		t.Error("a wrapped error lost its kind or its wait")
	}
	if KindOf(errors.New("who knows")) != KindUnknown {
		t.Error("an error nobody classed must count as an unknown outcome")
	}
	if KindOf(nil) != "" {
		t.Error("nil has a kind")
	}
	for _, k := range []Kind{
		KindAuth, KindLicense, KindVersion, KindInvalid, KindNotFound, KindAlreadyExists, KindNotConnected, KindLoggedOut,
		KindForbidden, KindRateLimited, KindRestricted, KindTooLarge, KindMediaUnavailable, KindTemporary, KindPermanent,
	} {
		if (&Error{Kind: k}).Effect() != EffectNone {
			t.Errorf("%s claims that something may have happened", k)
		}
	}
	if (&Error{Kind: KindUnknown}).Effect() != EffectPossible {
		t.Error("an unknown outcome claims that nothing happened")
	}
}
