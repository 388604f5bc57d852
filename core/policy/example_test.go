package policy_test

import (
	"fmt"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/core/policy"
)

// A message that becomes ready at night waits for the morning of the tenant's time zone.
func ExampleSlot() {
	s := core.DefaultSettings()
	night := time.Date(2026, 11, 23, 23, 30, 0, 0, s.Location())
	at, why := policy.Slot(s, time.Time{}, night, nil)
	fmt.Println(at.Format("2006-01-02 15:04"), why)
	// Output: 2026-11-24 08:00 waiting_window
}
