package waha

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
	"github.com/autopromo-cloud/autopromo/ports/gateway/loosejson"
)

var at = time.Unix(1795000000, 0).UTC()

func envelope(event, payload string) string {
	return `{"id":"evt_1","timestamp":1795000000123,"event":"` + event + `","session":"autopromo_1","me":{"id":"5511912345678@c.us"},"payload":` + payload + `}`
}

func decode(t *testing.T, body string) gateway.Event {
	t.Helper()
	in, err := (&Gateway{}).Decode(gateway.Request{Body: []byte(body)})
	if err != nil || len(in.Events) != 1 || in.Session != "autopromo_1" {
		t.Fatalf("%s: %+v, %v", body, in, err)
	}
	return in.Events[0]
}

func TestDecode(t *testing.T) {
	key := core.MessageKey{Chat: chat, Participant: author, ID: "3A01"}
	const id = `"id":"false_120363111111111111@g.us_3A01_900000000000001@lid"`
	text := gateway.Message{Key: key, Text: "oi", At: at}
	status := func(s string) string { return envelope("session.status", s) }
	for name, c := range map[string]struct {
		body string
		want gateway.Event
	}{
		"GOWS":                    {envelope("message.any", `{`+id+`,"timestamp":1795000000,"from":"120363111111111111@g.us","fromMe":false,"to":null,"participant":"900000000000001:12@lid","body":"oi","hasMedia":false}`), text},
		"only the id":             {envelope("message.any", `{`+id+`,"timestamp":1795000000,"body":"oi"}`), text},
		"WEBJS, id an object":     {envelope("message", `{"id":{"_serialized":"false_120363111111111111@g.us_3A01_900000000000001@lid"},"timestamp":1795000000,"body":"oi"}`), text},
		"id without a chat":       {envelope("message.any", `{"id":"3A01","from":"5511@c.us","to":"120363111111111111@g.us","participant":"900000000000001@lid","timestamp":"1795000000","body":"oi"}`), text},
		"a person's c.us":         {envelope("message.any", `{`+id+`,"timestamp":1795000000,"participant":"5511900000001@c.us","body":"oi"}`), gateway.Message{Key: core.MessageKey{Chat: chat, Participant: "5511900000001@s.whatsapp.net", ID: "3A01"}, Text: "oi", At: at}},
		"seconds with a fraction": {envelope("message.any", `{`+id+`,"timestamp":1795000000.853,"body":"oi"}`), text},
		"milliseconds":            {envelope("message.any", `{`+id+`,"timestamp":1795000000000,"body":"oi"}`), text},
		"typed on the phone":      {envelope("message.any", `{"id":"true_120363111111111111@g.us_3A01_5511@c.us","fromMe":true,"source":"app","timestamp":1795000000,"body":"oi"}`), gateway.Message{Key: core.MessageKey{Chat: chat, Participant: "5511@s.whatsapp.net", ID: "3A01"}, FromMe: true, Text: "oi", At: at}},
		"sent by the API":         {envelope("message.any", `{"id":"true_120363111111111111@g.us_3EB0","fromMe":true,"source":"api","timestamp":1795000000,"body":"oi"}`), gateway.SendEcho{Chat: chat, ID: "3EB0", Text: "oi", At: at}},
		"another's API":           {envelope("message.any", `{`+id+`,"fromMe":false,"source":"api","timestamp":1795000000,"body":"oi"}`), text},
		"sticker":                 {envelope("message.any", `{`+id+`,"hasMedia":true,"media":{"mimetype":"image/webp","url":"x"},"body":""}`), gateway.Ignored{What: "message.any"}},
		"voice":                   {envelope("message.any", `{`+id+`,"hasMedia":true,"media":{"mimetype":"audio/ogg; codecs=opus"},"body":null}`), gateway.Ignored{What: "message.any"}},
		"no id":                   {envelope("message.any", `{"body":"oi"}`), gateway.Ignored{What: "message.any"}},
		"edit":                    {envelope("message.edited", `{"id":"false_120363111111111111@g.us_3A99_900000000000001@lid","editedMessageId":"3A01","body":"novo","timestamp":1795000000}`), gateway.Edited{Key: key, Text: "novo", At: at}},
		"edit, WEBJS":             {envelope("message.edited", `{`+id+`,"body":"novo","timestamp":1795000000}`), gateway.Edited{Key: key, Text: "novo", At: at}},
		"edit, full id":           {envelope("message.edited", `{"id":"false_120363111111111111@g.us_3A99_900000000000001@lid","editedMessageId":"false_120363111111111111@g.us_3A01","body":"novo","timestamp":1795000000}`), gateway.Edited{Key: key, Text: "novo", At: at}},
		"revoke":                  {envelope("message.revoked", `{"after":{"id":"false_120363111111111111@g.us_3A99_900000000000001@lid"},"before":null,"revokedMessageId":"3A01"}`), gateway.Revoked{Key: key}},
		"revoke, before only":     {envelope("message.revoked", `{"after":null,"before":{`+id+`,"body":"oi"}}`), gateway.Revoked{Key: key}},
		"ours revoked":            {envelope("message.revoked", `{"after":{"id":"true_120363111111111111@g.us_3A99","fromMe":true},"revokedMessageId":"3EB0"}`), gateway.Revoked{Key: core.MessageKey{Chat: chat, ID: "3EB0"}, FromMe: true}},
		"ack":                     {envelope("message.ack.group", `{"id":"true_120363111111111111@g.us_3EB0_9@lid","from":"120363111111111111@g.us","fromMe":true,"ack":3,"ackName":"READ"}`), gateway.Ack{Chat: chat, ID: "3EB0", Level: gateway.AckRead}},
		"ack error":               {envelope("message.ack", `{"id":"true_120363111111111111@g.us_3EB0","fromMe":true,"ack":-1}`), gateway.Ack{Chat: chat, ID: "3EB0", Level: gateway.AckError}},
		"another's ack":           {envelope("message.ack", `{`+id+`,"ack":1}`), gateway.Ignored{What: "message.ack"}},
		"pending":                 {envelope("message.ack", `{"id":"true_120363111111111111@g.us_3EB0","fromMe":true,"ack":0}`), gateway.Ignored{What: "message.ack"}},
		"working":                 {status(`{"status":"WORKING","statuses":[{"status":"STARTING"},{"status":"WORKING"}],"data":null}`), gateway.Connection{State: gateway.StateOpen, Phone: "5511912345678"}},
		"restricted but working":  {status(`{"status":"WORKING","data":{"reachoutTimelock":{"isActive":true}}}`), gateway.Connection{State: gateway.StateOpen, Phone: "5511912345678"}},
		"a new code":              {status(`{"status":"SCAN_QR_CODE"}`), gateway.Connection{State: gateway.StatePairing}},
		"passkey":                 {status(`{"status":"PASSKEY_REQUIRED","data":{"challenge":"x"}}`), gateway.Connection{State: gateway.StatePairing}},
		"unlinked":                {status(`{"status":"FAILED","statuses":[{"status":"WORKING"},{"status":"FAILED"}]}`), gateway.Connection{State: gateway.StateLoggedOut, Reason: core.ReasonLoggedOut}},
		"not scanned":             {status(`{"status":"FAILED","statuses":[{"status":"SCAN_QR_CODE"},{"status":"FAILED"}]}`), gateway.Connection{State: gateway.StateClosed, Reason: core.ReasonNotScanned}},
		"failed, old version":     {status(`{"status":"FAILED"}`), gateway.Connection{State: gateway.StateLoggedOut, Reason: core.ReasonLoggedOut}},
		"stopped":                 {status(`{"status":"STOPPED"}`), gateway.Connection{State: gateway.StateClosed}},
		"a new status":            {status(`{"status":"DREAMING"}`), gateway.Connection{State: gateway.StateUnknown}},
		"no status":               {status(`{}`), gateway.Ignored{What: "session.status"}},
		"group":                   {envelope("group.v2.participants", `{"type":"promote","group":{"id":"120363111111111111@g.us"}}`), gateway.GroupsChanged{Chat: chat}},
		"group, old":              {envelope("group.join", `{"id":"120363111111111111@g.us"}`), gateway.GroupsChanged{Chat: chat}},
		"reaction":                {envelope("message.reaction", `{`+id+`,"reaction":{"text":"x"}}`), gateway.Ignored{What: "message.reaction"}},
		"null payload":            {envelope("message.any", `null`), gateway.Ignored{What: "message.any"}},
		"list payload":            {envelope("message.any", `[1]`), gateway.Ignored{What: "message.any"}},
	} {
		if got := decode(t, c.body); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got  %+v\nwant %+v", name, got, c.want)
		}
	}
}

func TestDecodeMedia(t *testing.T) {
	m, _ := decode(t, envelope("message.any", `{"id":"false_120363111111111111@g.us_3A01_9@lid","body":"oi","hasMedia":true,
		"media":{"url":"http://localhost:3000/api/files/autopromo_1/3A01.pdf","mimetype":"application/pdf","filename":"lista.pdf"}}`)).(gateway.Message)
	if m.Media == nil || m.Media.Kind != core.Document || m.Media.FileName != "lista.pdf" {
		t.Fatalf("%+v", m.Media)
	}
	var h handle
	if json.Unmarshal(m.Media.Handle, &h) != nil || h.File != "/api/files/autopromo_1/3A01.pdf" || h.ID != "false_120363111111111111@g.us_3A01_9@lid" || h.Chat != string(chat) {
		t.Errorf("handle %+v", h)
	}
}

func TestDecodeRefuses(t *testing.T) {
	for body, code := range map[string]string{
		"": loosejson.CodeEmpty, "{": loosejson.CodeMalformed, "{}{}": loosejson.CodeTrailing, "[]": codeShape, `{"event":7}`: codeShape,
		strings.Repeat("[", 100): loosejson.CodeDepth,
	} {
		_, err := (&Gateway{}).Decode(gateway.Request{Body: []byte(body)})
		e, ok := err.(*gateway.Error)
		if !ok || e.Kind != gateway.KindInvalid || e.Code != code {
			t.Errorf("%.20q: %v, want code %q", body, err, code)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(envelope("message.any", `{"id":"false_120363111111111111@g.us_3A01_9@lid","hasMedia":true,"media":{"url":"x","mimetype":"image/png"},"timestamp":1.5}`)))
	f.Add([]byte(envelope("message.revoked", `{"after":{"id":"a_b_c"},"revokedMessageId":"x"}`)))
	f.Add([]byte(envelope("session.status", `{"status":"FAILED","statuses":[{"status":"SCAN_QR_CODE"},7]}`)))
	f.Fuzz(func(t *testing.T, body []byte) {
		in, err := (&Gateway{}).Decode(gateway.Request{Body: body})
		if err == nil && len(in.Events) == 0 || err != nil && gateway.KindOf(err) != gateway.KindInvalid {
			t.Errorf("%d events, %v", len(in.Events), err)
		}
	})
}
