package fakeevolution_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/autopromo-cloud/autopromo/testkit/fakeevolution"
	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp"
)

// A program under test creates an instance, a person scans its QR code, an offer arrives,
// and the answer to a send lies.
func Example() {
	if err := run(); err != nil {
		fmt.Println(err)
	}
	// Output:
	// instance/create 201
	// webhook connection.update
	// webhook messages.upsert: Fone por R$ 99
	// message/sendText 400
	// really posted: "Fone por R$ 99 com meu link" by Bia
}

func run() error {
	world := fakewhatsapp.New(fakewhatsapp.Options{})
	ana, err := world.AddPhone("5511900000001", "Ana")
	if err != nil {
		return err
	}
	bia, err := world.AddPhone("5511900000002", "Bia")
	if err != nil {
		return err
	}
	group, err := world.AddGroup(fakewhatsapp.GroupSpec{Members: []*fakewhatsapp.Phone{ana, bia}})
	if err != nil {
		return err
	}
	server, err := fakeevolution.New(world, fakeevolution.Options{APIKey: "key"})
	if err != nil {
		return err
	}
	defer server.Close()
	api := httptest.NewServer(server)
	defer api.Close()

	heard := make(chan string, 10)
	hooks := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var body struct {
			Event string
			Data  struct{ Message struct{ Conversation string } }
		}
		if json.NewDecoder(r.Body).Decode(&body) == nil {
			heard <- strings.TrimSuffix(body.Event+": "+body.Data.Message.Conversation, ": ")
		}
	}))
	defer hooks.Close()

	call := func(path, body string) error {
		req, err := http.NewRequest(http.MethodPost, api.URL+"/"+path, strings.NewReader(body))
		if err != nil {
			return err
		}
		req.Header.Set("apikey", "key")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		fmt.Println(strings.TrimSuffix(path, "/demo"), resp.StatusCode)
		return resp.Body.Close()
	}
	err = call("instance/create", `{"instanceName":"demo","integration":"WHATSAPP-BAILEYS","qrcode":true,
		"webhook":{"url":"`+hooks.URL+`","events":["CONNECTION_UPDATE","MESSAGES_UPSERT"]}}`)
	if err != nil {
		return err
	}
	fmt.Println("webhook", <-heard)
	if err := server.Scan("demo", bia); err != nil {
		return err
	}
	if _, err := ana.PostText(group.JID(), "Fone por R$ 99"); err != nil {
		return err
	}
	for text := range heard {
		if strings.HasPrefix(text, "messages.upsert") {
			fmt.Println("webhook", text)
			break
		}
	}

	server.Next(fakeevolution.TimedOut().AfterPosting())
	err = call("message/sendText/demo", `{"number":"`+string(group.JID())+`","text":"Fone por R$ 99 com meu link"}`)
	if err != nil {
		return err
	}
	post, err := world.WaitPosted(context.Background(), func(p fakewhatsapp.Post) bool { return p.Via == "demo" })
	if err != nil {
		return err
	}
	fmt.Printf("really posted: %q by %s\n", post.Text, world.Phone(post.Author).Name())
	return nil
}
