package httpapi

import (
	"net/http"
	"time"

	"github.com/autopromo-cloud/autopromo/adapters/httpapi/internal/console"
	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/core/policy"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

// The days of the history: shown when none are named, and at most.
const (
	historyDays    = 7
	maxHistoryDays = 92
)

// showHistory lists what was sent, by group and day of the tenant's own zone.
func (v *visit) showHistory() error {
	zone := v.view.Account.Settings.Location()
	page := console.History{Later: v.Query("cursor") != ""}
	page.From, page.To = historyRange(v.Query("from"), v.Query("to"), v.view.Now, zone)
	q := repository.SentQuery{Since: page.From, Until: page.To.AddDate(0, 0, 1), Limit: consolePage + 1}
	if id, err := parseID[core.DestinationID](v.Query("group")); err == nil {
		page.Group, q.Destination = id, id
	}
	list := "console history " + page.Path()
	after, err := openCursor[core.DeliveryID](v.server, v.view.Account.ID, list, v.Query("cursor"))
	if err != nil {
		return err
	}
	if page.Groups, err = v.groupLabels(); err != nil {
		return err
	}
	// Hours are counted and added up by day, because days are not equally long everywhere. They
	// are counted first, so that whatever is counted is listed too.
	if page.Tally, err = v.tenant.SentTally(v.ctx, q, time.Hour); err != nil {
		return err
	}
	if page.Items, err = v.tenant.Sent(v.ctx, q, after); err != nil {
		return err
	}
	if len(page.Items) > consolePage {
		page.Items = page.Items[:consolePage]
		page.Next = sealCursor(v.server, v.view.Account.ID, list, page.Items[consolePage-1].ID)
	}
	return v.show(http.StatusOK, v.view.History(page))
}

// historyRange reads the first and the last day; what cannot be read is the last days.
func historyRange(from, to string, now time.Time, zone *time.Location) (first, last time.Time) {
	today := policy.DayStart(now, zone)
	last, err := time.ParseInLocation(time.DateOnly, to, zone)
	if err != nil || last.After(today) {
		last = today
	}
	first, err = time.ParseInLocation(time.DateOnly, from, zone)
	if err != nil || first.After(last) {
		first = last.AddDate(0, 0, 1-historyDays)
	}
	if earliest := last.AddDate(0, 0, 1-maxHistoryDays); first.Before(earliest) {
		first = earliest
	}
	return first, last
}
