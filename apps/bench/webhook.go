package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"time"

	"github.com/autopromo-cloud/autopromo/adapters/evolution"
	"github.com/autopromo-cloud/autopromo/core"
)

const sourceGroup = core.JID("120363000000000001@g.us")

func newID() string {
	id, err := core.NewUUID(time.Now(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return id
}

// offerText is a promotion of product n as groups write it.
func offerText(n int) string {
	return fmt.Sprintf("🔥 Achado número %d do dia!\n\n*Fone de ouvido bluetooth modelo %d com cancelamento de ruído e estojo*\n\n"+
		"De R$ 399,90 por R$ %d,90 à vista no Pix 😱\nFrete grátis para todo o Brasil, enquanto durar o estoque.\n\n"+
		"👉 https://www.amazon.com.br/dp/B0%08d?tag=rival-20\n\nCorre que acaba logo!", n, n, 100+n%200, n)
}

// numberOf finds the n of an offer's text, -1 when there is none.
func numberOf(text string) int {
	_, rest, _ := strings.Cut(text, "Achado número ")
	digits, _, _ := strings.Cut(rest, " ")
	n, err := strconv.Atoi(digits)
	if err != nil {
		return -1
	}
	return n
}

// webhook is the request with which a provider delivers offer n to a tenant: about 2 kB.
func webhook(base string, id core.TenantID, n int) (*http.Request, error) {
	type m = map[string]any
	name := core.InstanceName(id, "")
	body, err := json.Marshal(m{
		"event": "messages.upsert", "instance": name, "destination": base, "date_time": "2026-11-27T10:00:00.000Z",
		"sender": "5511988887777@s.whatsapp.net", "server_url": "http://127.0.0.1:8080", "apikey": "8C1E7B7A-0000-4000-8000-000000000000",
		"data": m{
			"key": m{
				"remoteJid": sourceGroup, "fromMe": false, "id": fmt.Sprintf("3EB0%018X", n), "addressingMode": "lid",
				"participant": "20301234567890@lid", "participantAlt": "5511900000001@s.whatsapp.net",
			},
			"pushName": "Ana Ofertas", "message": m{
				"conversation": offerText(n),
				"messageContextInfo": m{
					"messageSecret":             strings.Repeat("c2VncmVkbw", 5),
					"deviceListMetadataVersion": 2, "deviceListMetadata": m{
						"senderKeyHash": strings.Repeat("a1", 10), "senderTimestamp": "1764230400", "recipientKeyHash": strings.Repeat("b2", 10),
						"recipientTimestamp": "1764230400", "padding": strings.Repeat("p", 500),
					},
				},
			},
			"messageType": "conversation", "messageTimestamp": time.Now().Unix(), "instanceId": "11111111-2222-4333-8444-555555555555",
			"source": "android", "status": "DELIVERY_ACK",
		},
	})
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, base+"/hooks/"+string(evolution.Name)+"/"+string(id), strings.NewReader(string(body)))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Webhook-Secret", "segredo")
	r.Header.Set("X-Instance-Name", name)
	return r, nil
}

// post sends a webhook over the network and wants 2xx.
func post(client *http.Client, r *http.Request) error {
	response, err := client.Do(r)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	said, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode/100 != 2 {
		err = fmt.Errorf("answered %s: %s", response.Status, said)
	}
	return err
}

// deliver hands offer n to the handler without a network in between.
func (s *stage) deliver(n int) error {
	r, err := webhook("", s.tenants[n%len(s.tenants)], n)
	if err != nil {
		return err
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	if w.Code/100 != 2 {
		return fmt.Errorf("offer %d was answered %d: %s", n, w.Code, w.Body)
	}
	return nil
}
