package evolution

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
	"github.com/autopromo-cloud/autopromo/ports/gateway/loosejson"
)

// TestDecodeNestedWrappers puts every wrapper around every other and all around what can
// carry a text.
func TestDecodeNestedWrappers(t *testing.T) {
	for name, inner := range map[string]string{
		"text":     `{"conversation":"oi"}`,
		"extended": `{"extendedTextMessage":{"text":"oi","matchedText":"https://outro.example","canonicalUrl":"https://terceiro.example","title":"t"}}`,
		"image":    `{"imageMessage":{"caption":"oi","mimetype":"image/jpeg"}}`,
		"note":     `{"ptvMessage":{"caption":"oi"}}`,
		"document": `{"documentWithCaptionMessage":{"message":{"documentMessage":{"caption":"oi","title":"x.pdf"}}}}`,
		"template": `{"templateMessage":{"hydratedTemplate":{"hydratedContentText":"oi","imageMessage":{"caption":"não"}}}}`,
		"four row": `{"templateMessage":{"hydratedFourRowTemplate":{"hydratedContentText":"oi"}}}`,
		"flow":     `{"interactiveMessage":{"header":{"title":"t","imageMessage":{"mimetype":"image/jpeg"}},"body":{"text":"oi"},"nativeFlowMessage":{"buttons":[{"name":"cta_url","buttonParamsJson":"{}"}]}}}`,
		"buttons":  `{"buttonsMessage":{"contentText":"oi","headerType":1,"buttons":[null,7]}}`,
		"list":     `{"listMessage":{"title":"t","description":"oi","sections":{}}}`,
		"edit":     `{"protocolMessage":{"key":{"id":"3A01"},"type":14,"editedMessage":{"extendedTextMessage":{"text":"oi"}}}}`,
	} {
		for _, a := range wrappers {
			for _, b := range wrappers {
				body := fmt.Sprintf(`{"messageContextInfo":{"deviceListMetadata":{}},%q:{"message":{"senderKeyDistributionMessage":{},%q:{"message":%s}}}}`, a, b, inner)
				var text string
				switch e := decode(t, upsert(body))[0].(type) {
				case gateway.Message:
					text = e.Text
				case gateway.Edited:
					text = e.Text
				}
				if text != "oi" {
					t.Errorf("%s in %s in %s: text %q", name, b, a, text)
				}
			}
		}
	}
}

// TestDecodeWhatIsNoOffer: nothing of these may reach a group, and nothing may take the
// place of the content that follows under the same id.
func TestDecodeWhatIsNoOffer(t *testing.T) {
	for name, message := range map[string]string{
		"context only":        `{"messageContextInfo":{"deviceListMetadataVersion":2}}`,
		"keys only":           `{"senderKeyDistributionMessage":{"groupId":"x"}}`,
		"keys and context":    `{"senderKeyDistributionMessage":{},"messageContextInfo":{}}`,
		"null":                `null`,
		"a list":              `[{"conversation":"oi"}]`,
		"a string":            `"oi"`,
		"null content":        `{"conversation":null,"extendedTextMessage":null,"imageMessage":null}`,
		"list for an object":  `{"extendedTextMessage":[{"text":"oi"}],"imageMessage":[1]}`,
		"object for a string": `{"conversation":{"text":"oi"},"extendedTextMessage":{"text":["oi"]}}`,
		"poll":                `{"pollCreationMessageV3":{"name":"oi"}}`,
		"poll vote":           `{"pollUpdateMessage":{"pollCreationMessageKey":{"id":"x"},"vote":{}}}`,
		"lottie sticker":      `{"lottieStickerMessage":{"message":{"stickerMessage":{"isLottie":true}}}}`,
		"reaction":            `{"reactionMessage":{"text":"👍","key":{"id":"x"}}}`,
		"group invite":        `{"groupInviteMessage":{"groupJid":"1@g.us","inviteCode":"x","caption":"entre"}}`,
		"contact":             `{"contactMessage":{"displayName":"oi"}}`,
		"place":               `{"liveLocationMessage":{"caption":"oi"}}`,
		"pin":                 `{"pinInChatMessage":{"type":1}}`,
		"product":             `{"productMessage":{"product":{"title":"oi"}}}`,
		"secret edit":         `{"secretEncryptedMessage":{"secretEncType":2}}`,
		"timer":               `{"protocolMessage":{"type":3,"ephemeralExpiration":86400}}`,
		"history":             `{"protocolMessage":{"type":"HISTORY_SYNC_NOTIFICATION"}}`,
		"edit without a key":  `{"protocolMessage":{"type":14,"editedMessage":{"conversation":"oi"}}}`,
		"wrapped nothing":     `{"ephemeralMessage":{"message":null}}`,
		"empty wrapper":       `{"viewOnceMessageV2":{}}`,
		"bottomless wrappers": strings.Repeat(`{"ephemeralMessage":{"message":`, 25) + `{"conversation":"oi"}` + strings.Repeat(`}}`, 25),
		"empty template":      `{"templateMessage":{}}`,
		"empty flow":          `{"interactiveMessage":{"body":null,"header":null}}`,
	} {
		for _, e := range decode(t, upsert(message)) {
			switch e := e.(type) {
			case gateway.Ignored:
			case gateway.Message:
				if e.Text != "" || e.Media != nil {
					t.Errorf("%s came as %+v", name, e)
				}
			default:
				t.Errorf("%s came as %T", name, e)
			}
		}
	}
}

func TestDecodeOddShapes(t *testing.T) {
	key := core.MessageKey{Chat: chat, Participant: author, ID: "3A01"}
	bareKey := `"key":{"remoteJid":"120363111111111111@g.us","fromMe":false,"id":"3A01","participant":"900000000000001@lid"}`
	for name, c := range map[string]struct {
		body string
		want gateway.Event
	}{
		"device of the author":  {strings.Replace(upsert(`{"conversation":"oi"}`), "001@lid", "001:12@lid", 1), message("oi")},
		"a caption of spaces":   {upsert(`{"conversation":"  "}`), message("  ")},
		"version 1":             {`{"event":"messages.upsert","instance":{"instanceName":"autopromo_1"},"data":{"messages":[{` + bareKey + `,"message":{"extendedTextMessage":{"text":"oi"}},"messageTimestamp":"1795000000","owner":"x"}]}}`, message("oi")},
		"a message as the edit": {`{"event":"messages.edited","data":{` + bareKey + `,"message":{"editedMessage":{"message":{"conversation":"novo"}}},"messageTimestamp":1795000000}}`, gateway.Edited{Key: key, Text: "novo", At: at}},
		"edit by name":          {`{"event":"messages.edited","data":{` + bareKey + `,"type":"MESSAGE_EDIT","editedMessage":{"imageMessage":{"caption":"novo"}},"timestampMs":{"low":-296329728,"high":417,"unsigned":true}}}`, gateway.Edited{Key: key, Text: "novo", At: at}},
		"the number as text":    {`{"event":"messages.edited","data":{` + bareKey + `,"type":"0"}}`, gateway.Revoked{Key: key}},
		"two keys in an ack":    {`{"event":"messages.update","data":{"keyId":"3EB0","remoteJid":"120363111111111111@g.us","key":{"remoteJid":"120363111111111111@g.us","id":"3EB0","fromMe":true},"status":"READ"}}`, gateway.Ack{Chat: chat, ID: "3EB0", Level: gateway.AckRead}},
		"reason as text":        {`{"event":"connection.update","data":{"state":"close","statusReason":"401"}}`, gateway.Connection{State: gateway.StateLoggedOut, Reason: core.ReasonLoggedOut}},
		"no state":              {`{"event":"connection.update","data":{"state":null,"statusReason":200}}`, gateway.Ignored{What: "connection.update"}},
		"state that is a list":  {`{"event":"connection.update","data":{"state":["open"]}}`, gateway.Ignored{What: "connection.update"}},
		"newsletter": {upsert(`{"extendedTextMessage":{"text":"oi","contextInfo":{"isForwarded":true,"forwardedNewsletterMessageInfo":{"newsletterJid":"1@newsletter"}}}}`),
			message("oi")},
	} {
		if got := decode(t, c.body); len(got) != 1 || !reflect.DeepEqual(got[0], c.want) {
			t.Errorf("%s: got  %+v\nwant %+v", name, got, c.want)
		}
	}
	long := strings.Repeat("á", 200_000)
	if m, _ := decode(t, upsert(`{"conversation":"`+long+`"}`))[0].(gateway.Message); m.Text != long {
		t.Error("a long text was changed")
	}
}

// TestDecodeSurvivesWrongTypes replaces every value of real shapes, one at a time, by
// every other type.
func TestDecodeSurvivesWrongTypes(t *testing.T) {
	wrong := []any{nil, true, "x", "", "12", json.Number("7"), json.Number("-1e400"), []any{}, []any{"x", nil, map[string]any{}}, map[string]any{}, map[string]any{"low": "x"}}
	for _, body := range []string{
		upsert(`{"viewOnceMessageV2":{"message":{"imageMessage":{"caption":"oi","mediaKey":{"0":1},"fileName":"x","mimetype":"y"}}}}`),
		upsert(`{"protocolMessage":{"key":{"id":"3A00","fromMe":true,"participant":"1@lid"},"type":14,"editedMessage":{"conversation":"x"},"timestampMs":"1"}}`),
		upsert(`{"templateMessage":{"interactiveMessageTemplate":{"header":{"videoMessage":{}},"body":{"text":"x"}}}}`),
		`{"event":"messages.update","instance":"a","data":[{"keyId":"x","remoteJid":"1@g.us","fromMe":true,"status":"READ","key":{"id":"x"}}]}`,
		`{"event":"connection.update","instance":"a","data":{"state":"open","statusReason":200,"wuid":"1@s.whatsapp.net"}}`,
		`{"event":"send.message","instance":"a","data":{"key":{"remoteJid":"1@g.us","id":"x"},"message":{"conversation":"x"},"messageTimestamp":1}}`,
		`{"event":"messages.delete","instance":"a","data":{"key":{"remoteJid":"1@g.us","id":"x"}}}`,
	} {
		value, code := loosejson.Parse([]byte(body))
		if code != "" {
			t.Fatal(code)
		}
		var visit func(v any)
		try := func(set func(any), old any) {
			for _, w := range wrong {
				set(w)
				mutated, err := json.Marshal(value)
				if err != nil {
					continue
				}
				in, err := (&Gateway{}).Decode(gateway.Request{Body: mutated})
				if err != nil && gateway.KindOf(err) != gateway.KindInvalid || err == nil && len(in.Events) == 0 {
					t.Errorf("%s: %d events, %v", mutated, len(in.Events), err)
				}
			}
			set(old)
		}
		visit = func(v any) {
			switch v := v.(type) {
			case map[string]any:
				for k, item := range v {
					try(func(w any) { v[k] = w }, item)
					visit(item)
				}
			case []any:
				for i, item := range v {
					try(func(w any) { v[i] = w }, item)
					visit(item)
				}
			}
		}
		visit(value)
	}
}
