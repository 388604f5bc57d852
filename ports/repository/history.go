package repository

import (
	"time"

	"github.com/autopromo-cloud/autopromo/core"
)

// SentQuery selects sent deliveries by their SentAt.
type SentQuery struct {
	// Destination filters when not "".
	Destination core.DestinationID
	// Since is the first moment, Until the one after the last.
	Since, Until time.Time
	// Before is the SentAt and id to continue after; zero for the start.
	Before Moment
	Limit  int
}

// SentTally is how often something was sent to a group in one stretch of time.
type SentTally struct {
	At          time.Time // when it began
	Destination core.DestinationID
	N           int
}
