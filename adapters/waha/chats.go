package waha

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
	"github.com/autopromo-cloud/autopromo/ports/gateway/loosejson"
)

// A look-up reads at most this many messages, newest first.
const (
	chatPageSize = 100
	chatPages    = 5
)

// pages reads the messages of a chat since a time, newest first, until see has had enough.
func (g *Gateway) pages(ctx context.Context, s gateway.Session, op string, chat core.JID, since time.Time, mine bool, see func(loosejson.Object) bool) error {
	for page := range chatPages {
		query := url.Values{
			"limit": {strconv.Itoa(chatPageSize)}, "offset": {strconv.Itoa(page * chatPageSize)},
			"downloadMedia": {"false"}, "filter.timestamp.gte": {strconv.FormatInt(since.Unix(), 10)},
		}
		if mine {
			query.Set("filter.fromMe", "true")
		}
		var rows []any
		if err := g.call(ctx, s, request{
			op: op, timeout: g.timeouts.Quick, method: http.MethodGet,
			path: pathOf(s, "/chats/"+url.PathEscape(string(chat))+"/messages"), query: query,
		}, &rows); err != nil {
			return g.whyNotSent(ctx, s, err)
		}
		for _, row := range loosejson.Nodes(rows) {
			if see(row) {
				return nil
			}
		}
		if len(rows) < chatPageSize {
			return nil
		}
	}
	return nil
}

// FindSent implements [gateway.SentFinder]. The server cannot search by text, so texts are
// compared here; nor does every engine apply every filter, so all of them are applied again.
func (g *Gateway) FindSent(ctx context.Context, s gateway.Session, q gateway.SentQuery) (found bool, id core.MessageID, err error) {
	since := q.Since.Truncate(time.Second) // stored times have no fraction
	err = g.pages(ctx, s, "find_sent", q.Chat, since, true, func(row loosejson.Object) bool {
		m := readMessage(row)
		if !m.complete() || !m.FromMe || m.Key.Chat != q.Chat {
			return false
		}
		if q.ID != "" {
			found = m.Key.ID == q.ID
		} else {
			found = !m.At.Before(since) && m.Text == q.Text
		}
		if found {
			id = m.Key.ID
		}
		return found
	})
	return found && err == nil, id, err
}

// Messages implements [gateway.History] with the server's own store.
func (g *Gateway) Messages(ctx context.Context, s gateway.Session, chat core.JID, since time.Time, limit int) ([]gateway.Message, error) {
	since = since.Truncate(time.Second)
	var found []gateway.Message
	err := g.pages(ctx, s, "messages", chat, since, false, func(row loosejson.Object) bool {
		m, ok := readMessage(row).event().(gateway.Message)
		if ok && m.Key.Chat == chat && !m.At.Before(since) {
			found = append(found, m)
		}
		return len(found) >= limit
	})
	slices.Reverse(found)
	return found, err
}
