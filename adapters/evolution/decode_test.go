package evolution

import (
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
	"github.com/autopromo-cloud/autopromo/ports/gateway/loosejson"
)

const (
	chat   = core.JID("120363111111111111@g.us")
	author = core.JID("900000000000001@lid")
)

var at = time.Unix(1795000000, 0).UTC()

func upsert(message string) string {
	return `{"event":"messages.upsert","instance":"autopromo_1","apikey":"TOKEN","sender":"5511900000000@s.whatsapp.net",
		"data":{"key":{"remoteJid":"120363111111111111@g.us","fromMe":false,"id":"3A01","participant":"900000000000001@lid"},
		"message":` + message + `,"messageTimestamp":1795000000}}`
}

func message(text string) gateway.Message {
	return gateway.Message{Key: core.MessageKey{Chat: chat, Participant: author, ID: "3A01"}, Text: text, At: at}
}

func decode(t *testing.T, body string) []gateway.Event {
	t.Helper()
	in, err := (&Gateway{}).Decode(gateway.Request{Body: []byte(body)})
	if err != nil {
		t.Fatalf("Decode: %v", err)
	}
	return in.Events
}

func TestDecode(t *testing.T) {
	key := core.MessageKey{Chat: chat, Participant: author, ID: "3A01"}
	bareKey := `"key":{"remoteJid":"120363111111111111@g.us","fromMe":false,"id":"3A01","participant":"900000000000001@lid"}`
	for name, c := range map[string]struct {
		body string
		want gateway.Event
	}{
		"text":              {upsert(`{"conversation":"oi"}`), message("oi")},
		"extended text":     {upsert(`{"extendedTextMessage":{"text":"oi"}}`), message("oi")},
		"beside keys":       {upsert(`{"senderKeyDistributionMessage":{},"messageContextInfo":{},"conversation":"oi"}`), message("oi")},
		"keys only":         {upsert(`{"senderKeyDistributionMessage":{"groupId":"x"}}`), message("")},
		"NUL":               {upsert(`{"conversation":"a\u0000b"}`), message("a\uFFFDb")},
		"lone surrogate":    {upsert(`{"conversation":"a\ud800b"}`), message("a\uFFFDb")},
		"invalid UTF-8":     {upsert("{\"conversation\":\"a\xffb\"}"), message("a\uFFFDb")},
		"ephemeral":         {upsert(`{"ephemeralMessage":{"message":{"extendedTextMessage":{"text":"oi"}}}}`), message("oi")},
		"template":          {upsert(`{"templateMessage":{"hydratedTemplate":{"hydratedContentText":"oi"}}}`), message("oi")},
		"interactive":       {upsert(`{"viewOnceMessage":{"message":{"interactiveMessage":{"body":{"text":"oi"}}}}}`), message("oi")},
		"buttons":           {upsert(`{"buttonsMessage":{"contentText":"oi"}}`), message("oi")},
		"sticker":           {upsert(`{"stickerMessage":{}}`), gateway.Ignored{What: "messages.upsert.other"}},
		"album header":      {upsert(`{"albumMessage":{"expectedImageCount":3}}`), gateway.Ignored{What: "messages.upsert.other"}},
		"no key":            {`{"event":"messages.upsert","data":{}}`, gateway.Ignored{What: "messages.upsert.shape"}},
		"null data":         {`{"event":"messages.upsert","data":null}`, gateway.Ignored{What: "messages.upsert"}},
		"wrong types":       {`{"event":"messages.upsert","data":{"key":7,"message":[1]}}`, gateway.Ignored{What: "messages.upsert.shape"}},
		"upper case":        {strings.Replace(upsert(`{"conversation":"oi"}`), "messages.upsert", "MESSAGES_UPSERT", 1), message("oi")},
		"edit":              {`{"event":"messages.edited","data":{` + bareKey + `,"type":14,"editedMessage":{"conversation":"novo"},"timestampMs":"1795000000000"}}`, gateway.Edited{Key: key, Text: "novo", At: at}},
		"revoke":            {`{"event":"messages.edited","data":{` + bareKey + `,"type":0}}`, gateway.Revoked{Key: key}},
		"housekeeping":      {`{"event":"messages.edited","data":{` + bareKey + `,"type":3}}`, gateway.Ignored{What: "messages.edited"}},
		"edit in an upsert": {upsert(`{"editedMessage":{"message":{"protocolMessage":{"key":{"id":"3A00","fromMe":true},"type":14,"editedMessage":{"imageMessage":{"caption":"novo"}}}}}}`), gateway.Edited{Key: core.MessageKey{Chat: chat, Participant: author, ID: "3A00"}, Text: "novo", At: at}},
		"revoke in an upsert": {upsert(`{"protocolMessage":{"key":{"id":"3A00","fromMe":true},"type":"REVOKE"}}`),
			gateway.Revoked{Key: core.MessageKey{Chat: chat, Participant: author, ID: "3A00"}}},
		"delete":       {`{"event":"messages.delete","data":{"remoteJid":"120363111111111111@g.us","fromMe":false,"id":"3A01","participant":"900000000000001@lid","status":"DELETED"}}`, gateway.Revoked{Key: key}},
		"ack":          {`{"event":"messages.update","data":{"keyId":"3EB0","remoteJid":"120363111111111111@g.us","fromMe":true,"status":"SERVER_ACK"}}`, gateway.Ack{Chat: chat, ID: "3EB0", Level: gateway.AckServer}},
		"others' ack":  {`{"event":"messages.update","data":{"keyId":"3EB0","remoteJid":"120363111111111111@g.us","fromMe":false,"status":"READ"}}`, gateway.Ignored{What: "messages.update"}},
		"echo":         {`{"event":"send.message","data":{"key":{"remoteJid":"120363111111111111@g.us","fromMe":true,"id":"3EB0"},"message":{"conversation":"oi"},"messageTimestamp":1795000000}}`, gateway.SendEcho{Chat: chat, ID: "3EB0", Text: "oi", At: at}},
		"qr":           {`{"event":"qrcode.updated","data":{"qrcode":{"code":"2@x","base64":"data:image/png;base64,AA"}}}`, gateway.QR{Code: "2@x"}},
		"qr limit":     {`{"event":"qrcode.updated","data":{"message":"QR code limit reached","statusCode":500}}`, gateway.Ignored{What: "qrcode.updated"}},
		"open":         {`{"event":"connection.update","data":{"state":"open","wuid":"5511900000000:7@s.whatsapp.net"}}`, gateway.Connection{State: gateway.StateOpen, Phone: "5511900000000"}},
		"open by lid":  {`{"event":"connection.update","data":{"state":"open","wuid":"5511900000000@lid"}}`, gateway.Connection{State: gateway.StateOpen}},
		"connecting":   {`{"event":"connection.update","data":{"state":"connecting"}}`, gateway.Connection{State: gateway.StateConnecting}},
		"closed":       {`{"event":"connection.update","data":{"state":"close","statusReason":428}}`, gateway.Connection{State: gateway.StateClosed}},
		"logged out":   {`{"event":"connection.update","data":{"state":"close","statusReason":401}}`, gateway.Connection{State: gateway.StateLoggedOut, Reason: core.ReasonLoggedOut}},
		"banned":       {`{"event":"connection.update","data":{"state":"close","statusReason":403}}`, gateway.Connection{State: gateway.StateLoggedOut, Reason: core.ReasonNumberRestricted}},
		"refused":      {`{"event":"connection.update","data":{"state":"refused","statusReason":428}}`, gateway.Connection{State: gateway.StateClosed, Reason: core.ReasonNotScanned}},
		"logout event": {`{"event":"logout.instance","data":null}`, gateway.Connection{State: gateway.StateLoggedOut, Reason: core.ReasonLoggedOut}},
		"groups":       {`{"event":"groups.upsert","data":[{"id":"120363111111111111@g.us"}]}`, gateway.GroupsChanged{Chat: chat}},
		"participants": {`{"event":"group-participants.update","data":{"id":"120363111111111111@g.us"}}`, gateway.GroupsChanged{Chat: chat}},
		"unknown":      {`{"event":"presence.update <b>","data":{}}`, gateway.Ignored{What: "presence.updateb"}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := decode(t, c.body); len(got) != 1 || !reflect.DeepEqual(got[0], c.want) {
				t.Errorf("got  %+v\nwant %+v", got, c.want)
			}
		})
	}
}

func TestDecodeTimes(t *testing.T) {
	for text, want := range map[string]time.Time{
		`1795000000`: at, `"1795000000"`: at, `1795000000000`: at, `"1795000000000"`: at,
		`{"low":1795000000,"high":0,"unsigned":true}`: at, `{"low":-296329728,"high":417,"unsigned":true}`: at,
		`1.795e9`: at, `null`: {}, `"soon"`: {}, `-5`: {}, `true`: {}, `1e300`: {}, `{"low":1}`: {},
	} {
		body := strings.Replace(upsert(`{"conversation":"oi"}`), "1795000000", text, 1)
		if m, _ := decode(t, body)[0].(gateway.Message); !m.At.Equal(want) {
			t.Errorf("%s was read as %v, want %v", text, m.At, want)
		}
	}
}

func TestDecodeAuthors(t *testing.T) {
	for key, want := range map[string]core.JID{
		`"participant":"1@lid","participantAlt":"55@s.whatsapp.net"`: "1@lid",
		`"participantAlt":"55@s.whatsapp.net"`:                       "55@s.whatsapp.net",
		`"participantPn":"55@s.whatsapp.net"`:                        "55@s.whatsapp.net",
		`"senderLid":"1@lid"`:                                        "1@lid",
		`"participant":7`:                                            "",
	} {
		body := strings.Replace(upsert(`{"conversation":"oi"}`), `"participant":"900000000000001@lid"`, key, 1)
		if m, _ := decode(t, body)[0].(gateway.Message); m.Key.Participant != want {
			t.Errorf("%s: author %q, want %q", key, m.Key.Participant, want)
		}
	}
}

func TestDecodeMediaHandle(t *testing.T) {
	m, _ := decode(t, upsert(`{"viewOnceMessageV2":{"message":{"imageMessage":{"url":"https://m.example/x","mimetype":"image/jpeg",
		"caption":"oi","mediaKey":{"0":1,"1":255},"fileLength":{"low":5,"high":0},"jpegThumbnail":"SECRETTHUMB"}}}}`))[0].(gateway.Message)
	if m.Text != "oi" || m.Media == nil || m.Media.Kind != core.Image || m.Media.MimeType != "image/jpeg" {
		t.Fatalf("got %+v", m)
	}
	var handle struct {
		Key     struct{ RemoteJID, ID, Participant string }
		Message map[string]map[string]any
	}
	if err := json.Unmarshal(m.Media.Handle, &handle); err != nil {
		t.Fatal(err)
	}
	image := handle.Message["imageMessage"]
	if handle.Key.ID != "3A01" || image["url"] != "https://m.example/x" || image["mediaKey"] == nil ||
		strings.Contains(string(m.Media.Handle), "SECRETTHUMB") || strings.Contains(string(m.Media.Handle), "TOKEN") {
		t.Errorf("handle is %s", m.Media.Handle)
	}
}

func TestDecodeRefuses(t *testing.T) {
	deep := strings.Repeat(`{"ephemeralMessage":{"message":`, 40) + `{}` + strings.Repeat("}}", 40)
	for body, code := range map[string]string{
		"": loosejson.CodeEmpty, " \n": loosejson.CodeEmpty, `{"event":`: loosejson.CodeMalformed, "x": loosejson.CodeMalformed,
		`{"event":"a"}{}`: loosejson.CodeTrailing, `{"event":"a"} x`: loosejson.CodeTrailing,
		"[]": codeShape, "null": codeShape, `"x"`: codeShape, "{}": codeShape, `{"event":7}`: codeShape,
		strings.Repeat(`{"a":`, 100000): loosejson.CodeDepth, strings.Repeat("[", 65) + strings.Repeat("]", 65): loosejson.CodeDepth,
		upsert(deep): loosejson.CodeDepth,
	} {
		_, err := (&Gateway{}).Decode(gateway.Request{Body: []byte(body)})
		var e *gateway.Error
		if !errors.As(err, &e) || e.Kind != gateway.KindInvalid || e.Code != code {
			t.Errorf("%.40q: %v, want code %q", body, err, code)
		}
	}
	// Brackets in strings are no depth.
	decode(t, upsert(`{"conversation":"`+strings.Repeat(`[{\"`, 200)+`"}`))
}

// TestDecodeCorpus reads recorded bodies kept beside the repository, where there are any.
func TestDecodeCorpus(t *testing.T) {
	files, _ := filepath.Glob("../../../shared/corpus/webhooks/*.json")
	if len(files) == 0 {
		t.Skip("skipped: there is no corpus of recorded webhooks beside the repository")
	}
	silent := map[string]bool{"instance_create.json": true, "instance_delete.json": true, "error_webhook_global.json": true,
		"qrcode_updated_limit_reached.json": true, "group_album_parent.json": true, "group_audio_ptt.json": true,
		"group_sticker.json": true, "group_poll_creation_v3.json": true, "group_contact_card.json": true}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		bodies := []json.RawMessage{data}
		if data[0] == '[' {
			if err := json.Unmarshal(data, &bodies); err != nil {
				t.Fatal(err)
			}
		}
		for _, body := range bodies {
			in, err := (&Gateway{}).Decode(gateway.Request{Body: body})
			if err != nil || len(in.Events) != 1 {
				t.Errorf("%s: %d events, error %v", file, len(in.Events), err)
				continue
			}
			base := filepath.Base(file)
			_, ignored := in.Events[0].(gateway.Ignored)
			if ignored != (silent[base] || strings.HasPrefix(base, "evolution_go_")) {
				t.Errorf("%s: came as %T", base, in.Events[0])
			}
			if m, ok := in.Events[0].(gateway.Message); ok && (m.Text == "" && m.Media == nil || m.At.IsZero()) {
				t.Errorf("%s: message without content or time", base)
			}
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(upsert(`{"conversation":"oi"}`)))
	f.Add([]byte(upsert(`{"viewOnceMessageV2":{"message":{"imageMessage":{"caption":"oi"}}}}`)))
	f.Add([]byte(`{"event":"messages.edited","data":[{"key":{"remoteJid":"1@g.us","id":"A"},"type":{"low":14,"high":0},"editedMessage":{}}]}`))
	f.Add([]byte(`{"event":"connection.update","data":{"state":"open","wuid":"@:"}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		in, err := (&Gateway{}).Decode(gateway.Request{Header: http.Header{}, Body: body})
		if err != nil {
			if gateway.KindOf(err) != gateway.KindInvalid {
				t.Fatalf("error of kind %q", gateway.KindOf(err))
			}
			return
		}
		if len(in.Events) == 0 {
			t.Fatal("no events and no error")
		}
		for _, e := range in.Events {
			if m, ok := e.(gateway.Message); ok {
				if !utf8.ValidString(m.Text) || strings.ContainsRune(m.Text, 0) || m.Key.ID == "" || m.Key.Chat == "" {
					t.Fatalf("unclean message %+v", m)
				}
				if m.Media != nil && !json.Valid(m.Media.Handle) {
					t.Fatal("handle is not JSON")
				}
			}
		}
	})
}
