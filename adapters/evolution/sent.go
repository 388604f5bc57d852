package evolution

import (
	"context"
	"net/http"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
	"github.com/autopromo-cloud/autopromo/ports/gateway/loosejson"
)

// A look-up reads at most this many messages, newest first.
const (
	sentPageSize = 100
	sentPages    = 5
)

type findBody struct {
	Where  findWhere `json:"where"`
	Offset int       `json:"offset"` // the page size, whatever its name says
	Page   int       `json:"page"`
}

type findWhere struct {
	Key       findKey   `json:"key"`
	Timestamp *findTime `json:"messageTimestamp,omitempty"`
}

type findKey struct {
	RemoteJID string `json:"remoteJid"`
	FromMe    bool   `json:"fromMe"`
	ID        string `json:"id,omitempty"`
}

type findTime struct { // both or neither
	From string `json:"gte"`
	To   string `json:"lte"`
}

// FindSent implements [gateway.SentFinder]. The server cannot search by text, so texts are
// compared here; nor does it apply every filter, so all of them are applied again.
func (g *Gateway) FindSent(ctx context.Context, s gateway.Session, q gateway.SentQuery) (bool, core.MessageID, error) {
	since := q.Since.Truncate(time.Second) // stored times have no fraction
	body := findBody{
		Where:  findWhere{Key: findKey{RemoteJID: string(q.Chat), FromMe: true, ID: string(q.ID)}},
		Offset: sentPageSize,
	}
	if q.ID == "" {
		body.Where.Timestamp = &findTime{
			From: since.UTC().Format(time.RFC3339),
			To:   time.Now().Add(24 * time.Hour).UTC().Format(time.RFC3339), // clocks differ
		}
	}
	for body.Page = 1; body.Page <= sentPages; body.Page++ {
		var answer struct {
			Messages struct {
				Pages   int
				Records []any
			}
		}
		err := g.call(ctx, s, request{
			op: "find_sent", timeout: g.timeouts.Quick, method: http.MethodPost,
			path: "/chat/findMessages/", body: body,
		}, &answer)
		if err != nil {
			return false, "", err
		}
		for _, record := range answer.Messages.Records {
			if id, ok := matches(loosejson.Node(record), q, since); ok {
				return true, id, nil
			}
		}
		if body.Page >= answer.Messages.Pages {
			break
		}
	}
	return false, "", nil
}

func matches(record loosejson.Object, q gateway.SentQuery, since time.Time) (core.MessageID, bool) {
	key := record.Object("key")
	id := core.MessageID(key.Text("id"))
	if id == "" || key.Text("remoteJid") != string(q.Chat) || !key.Flag("fromMe") {
		return "", false
	}
	if q.ID != "" {
		return id, id == q.ID
	}
	at := record.Time("messageTimestamp")
	return id, !at.Before(since) && read(record.Object("message"), 0).text == q.Text
}
