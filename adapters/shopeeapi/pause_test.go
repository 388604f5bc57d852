package shopeeapi

import (
	"context"
	"errors"
	"testing"
	"time"
)

func TestWait(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	if err := wait(ctx, time.Nanosecond); err != nil {
		t.Errorf("a whole pause: %v", err)
	}
	cancel()
	if err := wait(ctx, 24*time.Hour); !errors.Is(err, context.Canceled) {
		t.Errorf("a caller who left: %v", err)
	}
}

func TestPauseIsBounded(t *testing.T) {
	for _, try := range []int{0, 1, 6, 7, 1000} {
		if p := pause(try); p < firstPause/2 || p > 64*firstPause {
			t.Errorf("try %d: %v", try, p)
		}
	}
}
