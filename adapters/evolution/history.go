package evolution

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
	"github.com/autopromo-cloud/autopromo/ports/gateway/loosejson"
)

// Messages implements [gateway.History] with the server's own store, which holds what its
// session received while it was connected, and only where DATABASE_SAVE_DATA_NEW_MESSAGE is
// on. It lists newest first, so a limit keeps the newest.
func (g *Gateway) Messages(ctx context.Context, s gateway.Session, chat core.JID, since time.Time, limit int) ([]gateway.Message, error) {
	body := findBody{
		Where: findWhere{
			Key: findKey{RemoteJID: string(chat)}, // "fromMe: false" would not filter
			Timestamp: &findTime{
				From: since.Truncate(time.Second).UTC().Format(time.RFC3339),
				To:   time.Now().Add(24 * time.Hour).UTC().Format(time.RFC3339), // clocks differ
			},
		},
		Offset: sentPageSize,
	}
	var found []gateway.Message
	for body.Page = 1; len(found) < limit; body.Page++ {
		var answer struct {
			Messages struct {
				Pages   int
				Records []any
			}
		}
		if err := g.call(ctx, s, request{
			op: "messages", timeout: g.timeouts.Quick, method: http.MethodPost, path: "/chat/findMessages/", body: body,
		}, &answer); err != nil {
			return nil, err
		}
		for _, record := range answer.Messages.Records {
			m, ok := upserted(loosejson.Node(record)).(gateway.Message)
			if ok && m.Key.Chat == chat && !m.At.Before(since.Truncate(time.Second)) {
				found = append(found, m)
			}
		}
		if body.Page >= answer.Messages.Pages {
			break
		}
	}
	found = found[:min(limit, len(found))]
	slices.Reverse(found)
	return found, nil
}
