package whatsmeow

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waCommon"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
	"google.golang.org/protobuf/proto"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
)

func TestPauses(t *testing.T) {
	var asked []time.Duration
	p := pauses{
		Pauses: Pauses{First: time.Second, Longest: 10 * time.Second, Reset: time.Minute},
		pick:   func(whole time.Duration) time.Duration { asked = append(asked, whole); return whole / 2 },
	}
	for range 6 {
		p.after(time.Second)
	}
	if got := p.after(2 * time.Minute); got != time.Second/2 {
		t.Errorf("after a long connection %v", got)
	}
	if got := fmt.Sprint(asked); got != "[1s 2s 4s 8s 10s 10s 1s]" {
		t.Errorf("pauses %s", got)
	}
	for range 100 {
		if d := jitter(time.Second); d < 0 || d > time.Second {
			t.Fatalf("jitter %v", d)
		}
	}
}

func TestFailSent(t *testing.T) {
	iq := func(code int) error { return fmt.Errorf("failed: %w", &whatsmeow.IQError{Code: code}) }
	for _, c := range []struct {
		err  error
		kind gateway.Kind
	}{
		{whatsmeow.ErrMessageTimedOut, gateway.KindUnknown},
		{&whatsmeow.DisconnectedError{Action: "message send"}, gateway.KindUnknown},
		{fmt.Errorf("before: %w", &whatsmeow.DisconnectedError{Action: "info query"}), gateway.KindNotConnected},
		{whatsmeow.ErrNotConnected, gateway.KindUnknown},
		{fmt.Errorf("before: %w", whatsmeow.ErrNotConnected), gateway.KindNotConnected},
		{whatsmeow.ErrNotLoggedIn, gateway.KindLoggedOut},
		{fmt.Errorf("members: %w", whatsmeow.ErrGroupNotFound), gateway.KindNotFound},
		{fmt.Errorf("members: %w", whatsmeow.ErrNotInGroup), gateway.KindForbidden},
		{iq(429), gateway.KindRateLimited},
		{iq(503), gateway.KindTemporary},
		{whatsmeow.ErrIQTimedOut, gateway.KindTemporary},
		{context.Canceled, gateway.KindUnknown},
		{context.DeadlineExceeded, gateway.KindUnknown},
		{errors.New("disk full"), gateway.KindUnknown},
		{fmt.Errorf("%w %d", whatsmeow.ErrServerReturnedError, 463), gateway.KindRestricted},
		{fmt.Errorf("%w %d", whatsmeow.ErrServerReturnedError, 503), gateway.KindUnknown},
		{whatsmeow.ErrServerReturnedError, gateway.KindUnknown},
	} {
		if e := failSent("send", c.err); e.Kind != c.kind {
			t.Errorf("%v is %s, want %s", c.err, e.Kind, c.kind)
		}
	}
}

func TestTheLogHoldsConstantTextsOnly(t *testing.T) {
	var out strings.Builder
	log := quiet{log: slog.New(slog.NewTextHandler(&out, nil))}.Sub("Send").Sub("Socket")
	log.Errorf("failed to send %s to %s", "a text", "5511912345678")
	log.Warnf("odd %s", "a text")
	log.Infof("paired %s", "5511912345678")
	log.Debugf("%s", "a text")
	got := out.String()
	if strings.Contains(got, "a text") || strings.Contains(got, "5511") || strings.Count(got, "\n") != 2 || !strings.Contains(got, "Send/Socket") {
		t.Errorf("log: %s", got)
	}
}

func TestDecodeRevokeByAnAdministrator(t *testing.T) {
	info := types.MessageInfo{ID: "3A02", MessageSource: types.MessageSource{
		Chat: types.NewJID("120363000000000001", types.GroupServer), Sender: types.JID{User: "1", Server: types.HiddenUserServer, Device: 3},
	}}
	revoke := func(key *waCommon.MessageKey) gateway.Revoked {
		e, ok := decode(info, &waE2E.Message{ProtocolMessage: &waE2E.ProtocolMessage{
			Type: waE2E.ProtocolMessage_REVOKE.Enum(), Key: key,
		}}, func(j types.JID) bool { return j.User == "9" }).(gateway.Revoked)
		if !ok {
			t.Fatal("no revoke")
		}
		return e
	}
	own := revoke(&waCommon.MessageKey{ID: proto.String("3A01"), FromMe: proto.Bool(true)})
	if own.Key != (core.MessageKey{Chat: "120363000000000001@g.us", Participant: "1@lid", ID: "3A01"}) || own.FromMe {
		t.Errorf("by its author: %+v", own)
	}
	for participant, mine := range map[string]bool{"2@lid": false, "9@lid": true} {
		e := revoke(&waCommon.MessageKey{ID: proto.String("3A01"), FromMe: proto.Bool(false), Participant: proto.String(participant)})
		if string(e.Key.Participant) != participant || e.FromMe != mine {
			t.Errorf("of %s: %+v", participant, e)
		}
	}
}

func TestDecodeWrappersWithoutEnd(t *testing.T) {
	m := &waE2E.Message{Conversation: proto.String("no fundo")}
	for range 100 {
		m = &waE2E.Message{EphemeralMessage: &waE2E.FutureProofMessage{Message: m}}
	}
	if c := read(m, 0); c.text != "" {
		t.Errorf("read %q", c.text)
	}
}

func TestDecodeWhatBusinessesSend(t *testing.T) {
	image := &waE2E.ImageMessage{DirectPath: proto.String("/v/1"), Mimetype: proto.String("image/jpeg")}
	for name, m := range map[string]*waE2E.Message{
		"template": {TemplateMessage: &waE2E.TemplateMessage{HydratedTemplate: &waE2E.TemplateMessage_HydratedFourRowTemplate{
			HydratedContentText: proto.String("oferta"), Title: &waE2E.TemplateMessage_HydratedFourRowTemplate_ImageMessage{ImageMessage: image},
		}}},
		"buttons": {ButtonsMessage: &waE2E.ButtonsMessage{
			ContentText: proto.String("oferta"), Header: &waE2E.ButtonsMessage_ImageMessage{ImageMessage: image},
		}},
		"interactive": {InteractiveMessage: &waE2E.InteractiveMessage{
			Body: &waE2E.InteractiveMessage_Body{Text: proto.String("oferta")},
			Header: &waE2E.InteractiveMessage_Header{
				Media: &waE2E.InteractiveMessage_Header_ImageMessage{ImageMessage: image},
			},
		}},
	} {
		if c := read(m, 0); c.text != "oferta" || c.media == nil || c.media.Kind != core.Image {
			t.Errorf("%s: %+v", name, c)
		}
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

func (endless) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(endless{})}, nil
}

func TestDownloadsEndAtTheirLimit(t *testing.T) {
	client := limited(&http.Client{Transport: endless{}})
	r, err := http.NewRequestWithContext(context.WithValue(t.Context(), bound{}, int64(1000)), http.MethodGet, "https://mmg.whatsapp.net/v/1", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(response.Body); !errors.Is(err, errTooLarge) {
		t.Errorf("reading without end: %v", err)
	}
	if e := failDownload("fetch_media", fmt.Errorf("last host: %w", errTooLarge)); e.Kind != gateway.KindMediaUnavailable {
		t.Errorf("kind %s", e.Kind)
	}
}
