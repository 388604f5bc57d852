package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
)

type deadLetterResponse struct {
	ID            string         `json:"id"`
	SourceGroupID string         `json:"source_group_id" doc:"The group's address in WhatsApp"`
	RawText       string         `json:"raw_text" doc:"What came in"`
	Reason        reasonResponse `json:"reason" doc:"Why it was set aside"`
	Starts        int            `json:"starts" doc:"How often its processing began"`
	SourceSentAt  time.Time      `json:"source_sent_at" doc:"When the source message was written"`
	ReceivedAt    time.Time      `json:"received_at"`
}

type deadLettersInput struct {
	Cursor string `query:"cursor" maxLength:"200" doc:"next_cursor of the page before"`
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"20"`
}

type deadLettersResponse struct {
	Items      []deadLetterResponse `json:"items" nullable:"false"`
	NextCursor *string              `json:"next_cursor" doc:"Null on the last page"`
}

func (s *server) registerDeadLetters() {
	handle(s, operation{
		method: http.MethodGet, path: "/dead-letters", id: "list-dead-letters", tag: "offers",
		summary:     "List messages that were set aside",
		description: "Messages whose processing failed again and again, newest first. Follow next_cursor for older ones.",
		errors:      []int{http.StatusBadRequest},
	}, s.listDeadLetters)
	handle(s, operation{
		method: http.MethodPost, path: "/dead-letters/{id}/redrive", id: "redrive-dead-letter", tag: "offers",
		summary:     "Process a message again",
		description: "For a message that was set aside. What it was posted for already is not posted again. Any other message is 409.",
		errors:      []int{http.StatusNotFound, http.StatusConflict},
	}, func(ctx context.Context, c caller, in *idInput) (none, error) {
		id, err := parseID[core.InboxID](in.ID)
		if err != nil {
			return none{}, err
		}
		return none{}, c.Redrive(ctx, id)
	})
}

func (s *server) listDeadLetters(ctx context.Context, c caller, in *deadLettersInput) (deadLettersResponse, error) {
	const list = "dead-letters"
	before, err := openCursor[core.InboxID](s, c.account.ID, list, in.Cursor)
	if err != nil {
		return deadLettersResponse{}, err
	}
	// One more than asked for tells whether there is another page.
	entries, err := c.DeadLetters(ctx, before, in.Limit+1)
	if err != nil {
		return deadLettersResponse{}, err
	}
	var out deadLettersResponse
	if len(entries) > in.Limit {
		entries = entries[:in.Limit]
		next := sealCursor(s, c.account.ID, list, entries[in.Limit-1].ID)
		out.NextCursor = &next
	}
	out.Items = each(entries, func(e core.InboxEntry) deadLetterResponse { return deadLetterOf(c.language, e) })
	return out, nil
}

func deadLetterOf(l core.Language, e core.InboxEntry) deadLetterResponse {
	return deadLetterResponse{
		ID: string(e.ID), SourceGroupID: string(e.Key.Chat), RawText: e.Text,
		Reason: reasonOf(l, core.Hold{Reason: e.Reason}), Starts: e.Starts,
		SourceSentAt: e.SentAt, ReceivedAt: e.ReceivedAt,
	}
}
