package fakeevolution_test

import (
	"encoding/base64"
	"fmt"
	"image/png"
	"slices"
	"strings"
	"testing"

	"github.com/autopromo-cloud/autopromo/testkit/fakeevolution"
)

func TestGuardsInOrder(t *testing.T) {
	s := newScene(t, fakeevolution.Options{})
	s.create("a")
	cases := []struct {
		name, method, path, key string
		body                    any
		status                  int
		message                 string
	}{
		{"unknown route", "GET", "/nothing/here", "", nil, 404, "[Cannot GET /nothing/here]"},
		{"wrong verb", "GET", "/instance/create", globalKey, nil, 404, "[Cannot GET /instance/create]"},
		{"unknown instance before the key", "GET", "/instance/connectionState/b", "", nil, 404, `[The "b" instance does not exist]`},
		{"wrong key", "GET", "/instance/connectionState/a", "x", nil, 401, "Unauthorized"},
		{"taken name before the key", "POST", "/instance/create", "x", s.spec("a"), 403, `[This name "a" is already in use.]`},
		{"create without key", "POST", "/instance/create", "", s.spec("b"), 401, "Unauthorized"},
		{"fetch without key", "GET", "/instance/fetchInstances", "", nil, 401, "Unauthorized"},
		{"fetch unknown", "GET", "/instance/fetchInstances?instanceName=b", globalKey, nil, 404, `[Instance "b" not found]`},
		{"bad JSON", "POST", "/message/sendText/a", globalKey, "{", 400, "Unexpected token in JSON"},
		{"schema", "POST", "/message/sendText/a", globalKey, map[string]any{"number": "1"}, 400, `[[instance requires property "text"]]`},
		{"name is a number", "POST", "/instance/create", globalKey, map[string]any{"instanceName": 1}, 500, "instanceName.trim is not a function"},
		{"no integration", "POST", "/instance/create", globalKey, map[string]any{"instanceName": "b"}, 400, "[Invalid integration]"},
		{"group query", "GET", "/group/fetchAllGroups/a", globalKey, nil, 400, "[map[message:The getParticipants parameter needs to be informed in the query property:getParticipants]]"},
		{"groups before the first connection", "GET", "/group/fetchAllGroups/a?getParticipants=true", globalKey, nil, 500, "Cannot convert undefined or null to object"},
		{"logout when closed", "DELETE", "/instance/logout/c", globalKey, nil, 400, `[The "c" instance is not connected]`},
	}
	if status, _ := s.call("POST", "/instance/create", map[string]any{"instanceName": "c", "integration": "WHATSAPP-BAILEYS"}); status != 201 {
		t.Fatal(status)
	}
	for _, c := range cases {
		status, body, err := s.try(c.method, c.path, c.key, c.body)
		s.must(err)
		message := fmt.Sprint(get[any](body, "response", "message"))
		if status != c.status || message != c.message || get[float64](body, "status") != float64(c.status) {
			t.Errorf("%s: %d %v", c.name, status, body)
		}
	}
	if status, body := s.call("GET", "/", nil); status != 200 || get[string](body, "version") != "2.3.7" {
		t.Errorf("welcome: %d %v", status, body)
	}
}

func TestPairing(t *testing.T) {
	s := newScene(t, fakeevolution.Options{})
	body := s.create("a")
	code, picture := get[string](body, "qrcode", "code"), get[string](body, "qrcode", "base64")
	if !strings.HasPrefix(code, "2@") || get[float64](body, "qrcode", "count") != 1 || get[string](body, "instance", "status") != "connecting" {
		t.Errorf("create: %v", body)
	}
	data, isURI := strings.CutPrefix(picture, "data:image/png;base64,")
	if _, err := png.Decode(base64.NewDecoder(base64.StdEncoding, strings.NewReader(data))); !isURI || err != nil {
		t.Errorf("picture: %v", err)
	}
	s.must(s.server.RotateQR("a"))
	if err := s.server.ScanCode(code, s.bia); err == nil {
		t.Error("an expired code was scanned")
	}
	_, body = s.call("GET", "/instance/connect/a", nil)
	fresh := get[string](body, "code")
	if fresh == code || get[float64](body, "count") != 2 {
		t.Errorf("connect: %v", body)
	}
	s.must(s.server.ScanCode(fresh, s.bia))
	s.idle()
	want := []string{"instance.create", "connection.update connecting", "qrcode.updated", "qrcode.updated", "connection.update connecting", "connection.update open"}
	hooks := s.hooks.take()
	if got := names(hooks); !slices.Equal(got, want) {
		t.Errorf("webhooks %q", got)
	}
	if shown := get[map[string]any](hooks[3].body, "data", "qrcode"); shown["code"] != fresh || shown["count"] != nil {
		t.Errorf("qrcode.updated: %v", shown)
	}
	open := hooks[5].body
	if get[string](open, "data", "wuid") != string(s.bia.JID()) || get[string](open, "sender") != string(s.bia.JID()) {
		t.Errorf("open: %v", open)
	}
	if _, sender := hooks[0].body["sender"]; sender {
		t.Error("there is a sender before the first connection")
	}
	if _, body = s.call("GET", "/instance/connect/a", nil); get[string](body, "instance", "state") != "open" {
		t.Errorf("connect when open: %v", body)
	}
	_, body = s.call("GET", "/instance/fetchInstances", nil)
	if get[string](body, 0, "ownerJid") != string(s.bia.JID()) || get[string](body, 0, "connectionStatus") != "open" {
		t.Errorf("fetchInstances: %v", body)
	}
}

func TestQRQuirksAndLimit(t *testing.T) {
	s := newScene(t, fakeevolution.Options{QRLimit: 2})
	s.server.SetQuirksFor("empty", fakeevolution.Quirks{EmptyQR: true})
	s.server.SetQuirksFor("stale", fakeevolution.Quirks{StaleQR: true})
	body := s.create("empty")
	if qr := get[map[string]any](body, "qrcode"); len(qr) != 1 || qr["count"] != 0.0 {
		t.Errorf("empty: %v", qr)
	}
	first := get[string](s.create("stale"), "qrcode", "code")
	s.must(s.server.RotateQR("stale"))
	if _, body := s.call("GET", "/instance/connect/stale", nil); get[string](body, "code") != first {
		t.Errorf("stale: %v", body)
	}
	s.idle()
	s.hooks.take()
	s.must(s.server.RotateQR("stale"))
	s.idle()
	hooks := s.hooks.take()
	if got := names(hooks); !slices.Equal(got, []string{"qrcode.updated", "connection.update refused"}) {
		t.Errorf("limit: %q", got)
	}
	if get[float64](hooks[0].body, "data", "statusCode") != 500 || get[float64](hooks[1].body, "data", "statusReason") != 428 {
		t.Errorf("limit: %v", hooks)
	}
	if _, body := s.call("GET", "/instance/connectionState/stale", nil); get[string](body, "instance", "state") != "close" {
		t.Errorf("state after the limit: %v", body)
	}
	if _, body := s.call("GET", "/instance/connect/stale", nil); get[float64](body, "count") != 1 {
		t.Errorf("a new connect starts a new count: %v", body)
	}
}

func TestDisconnects(t *testing.T) {
	s := newScene(t, fakeevolution.Options{})
	s.open("a", s.bia)
	s.hooks.take()
	s.must(s.server.Disconnect("a", 428))
	s.say(s.ana, text("missed"))
	if status, body := s.sendText("a", "x"); status != 400 || get[string](body, "response", "message", 0) != "Error: Connection Closed" {
		t.Errorf("send while away: %d %v", status, body)
	}
	s.idle()
	if got := names(s.hooks.take()); !slices.Equal(got, []string{"connection.update connecting"}) {
		t.Errorf("away: %q", got)
	}
	s.must(s.server.Recover("a"))
	s.idle()
	if got := names(s.hooks.take()); !slices.Equal(got, []string{"connection.update open", "messages.upsert"}) {
		t.Errorf("back: %q", got)
	}
	s.must(s.server.LogoutFromPhone("a"))
	s.say(s.ana, text("unseen"))
	s.idle()
	hooks := s.hooks.take()
	if got := names(hooks); !slices.Equal(got, []string{"status.instance", "logout.instance", "connection.update close"}) {
		t.Fatalf("logged out: %q", got)
	}
	if data, there := hooks[1].body["data"]; data != nil || !there {
		t.Errorf("logout.instance has data %v", data)
	}
	if get[float64](hooks[2].body, "data", "statusReason") != 401 {
		t.Errorf("close: %v", hooks[2].body)
	}
	if status, body := s.sendText("a", "x"); status != 400 || get[string](body, "response", "message", 0) != "[object Object]" {
		t.Errorf("send without a socket: %d %v", status, body)
	}
	if status, body := s.call("POST", "/instance/restart/a", nil); status != 200 || get[bool](body, "error") != true {
		t.Errorf("restart when closed: %d %v", status, body)
	}
}

func TestLogout(t *testing.T) {
	s := newScene(t, fakeevolution.Options{})
	for range 2 { // a new QR code after a logout links the same instance again
		if len(s.server.Instances()) == 0 {
			s.create("a")
		} else if status, _ := s.call("GET", "/instance/connect/a", nil); status != 200 {
			t.Fatal(status)
		}
		s.must(s.server.Scan("a", s.bia))
		if err := s.server.Scan("a", s.ana); err == nil {
			t.Error("an open instance was scanned")
		}
		if status, _ := s.call("DELETE", "/instance/logout/a", nil); status != 200 {
			t.Errorf("logout: %d", status)
		}
		if status, _ := s.call("DELETE", "/instance/logout/a", nil); status != 400 {
			t.Errorf("second logout: %d", status)
		}
	}
	_, rows := s.call("GET", "/instance/fetchInstances?instanceName=a", nil)
	if get[float64](rows, 0, "disconnectionReasonCode") != 401 || get[string](rows, 0, "connectionStatus") != "close" {
		t.Errorf("fetchInstances: %v", rows)
	}
	if err := s.server.LogoutFromPhone("a"); err == nil {
		t.Error("logged out without a phone")
	}
	if err := s.server.Scan("b", s.bia); err == nil {
		t.Error("an unknown instance was scanned")
	}
}

func TestStalledSocketSaysOpen(t *testing.T) {
	s := newScene(t, fakeevolution.Options{})
	s.open("a", s.bia)
	s.must(s.server.Stall("a"))
	s.hooks.take()
	s.say(s.ana, text("silence"))
	if _, body := s.call("GET", "/instance/connectionState/a", nil); get[string](body, "instance", "state") != "open" {
		t.Errorf("state: %v", body)
	}
	if status, _ := s.sendText("a", "x"); status != 400 {
		t.Errorf("send over a dead socket: %d", status)
	}
	s.idle()
	if got := s.hooks.take(); len(got) != 0 {
		t.Errorf("webhooks %q", names(got))
	}
	if status, body := s.call("POST", "/instance/restart/a", nil); status != 200 || get[string](body, "instance", "state") != "open" {
		t.Errorf("restart: %d %v", status, body)
	}
	s.idle()
	if got := names(s.hooks.take()); !slices.Equal(got, []string{"connection.update connecting", "connection.update open", "messages.upsert"}) {
		t.Errorf("after the restart: %q", got)
	}
}

func TestDeleteWindow(t *testing.T) {
	s := newScene(t, fakeevolution.Options{})
	s.server.SetQuirks(fakeevolution.Quirks{DeletePolls: 3})
	s.open("a", s.bia)
	s.hooks.take()
	if status, body := s.call("DELETE", "/instance/delete/a", nil); status != 200 || get[string](body, "status") != "SUCCESS" {
		t.Fatalf("delete: %d %v", status, body)
	}
	s.idle()
	want := []string{"status.instance", "logout.instance", "connection.update close", "instance.delete", "remove.instance"}
	if got := names(s.hooks.take()); !slices.Equal(got, want) {
		t.Errorf("webhooks %q", got)
	}
	if status, _ := s.call("POST", "/instance/create", s.spec("a")); status != 403 {
		t.Errorf("create inside the window: %d", status)
	}
	for range 3 {
		status, body := s.call("GET", "/instance/connectionState/a", nil)
		if state, there := get[map[string]any](body, "instance")["state"]; status != 200 || there {
			t.Fatalf("inside the window: %d, state %v", status, state)
		}
	}
	if status, _ := s.call("GET", "/instance/connectionState/a", nil); status != 404 {
		t.Errorf("after the window: %d", status)
	}
	if status, _ := s.call("DELETE", "/instance/delete/a", nil); status != 404 {
		t.Errorf("second delete: %d", status)
	}
	s.create("a") // the name is free again
}

func TestGhost(t *testing.T) {
	s := newScene(t, fakeevolution.Options{})
	s.server.SetQuirks(fakeevolution.Quirks{DeletePolls: 2, GhostCreate: true})
	s.create("a")
	s.call("DELETE", "/instance/delete/a", nil)
	s.create("a")
	for range 2 {
		s.call("GET", "/instance/connectionState/a", nil)
	}
	if status, body := s.call("GET", "/instance/fetchInstances?instanceName=a", nil); status != 200 || len(body.([]any)) != 0 {
		t.Errorf("fetchInstances: %d %v", status, body)
	}
	if status, body := s.call("GET", "/webhook/find/a", nil); status != 200 || body != nil {
		t.Errorf("webhook/find: %d %v", status, body)
	}
	if _, body := s.call("GET", "/instance/connect/a", nil); get[string](body, "code") != "" {
		t.Errorf("connect: %v", body)
	}
	if err := s.server.Scan("a", s.bia); err == nil {
		t.Error("a ghost was paired")
	}
	if status, _ := s.sendText("a", "x"); status != 400 {
		t.Errorf("send: %d", status)
	}
	s.idle()
	s.hooks.take()
	s.call("DELETE", "/instance/delete/a", nil)
	s.idle()
	if got := s.hooks.take(); len(got) != 0 {
		t.Errorf("a ghost posts %q", names(got))
	}
}

func TestTokens(t *testing.T) {
	s := newScene(t, fakeevolution.Options{})
	for _, name := range []string{"a", "b"} {
		spec := s.spec(name)
		spec["token"] = "shared"
		if status, body := s.call("POST", "/instance/create", spec); status != 201 || get[string](body, "hash") != "shared" {
			t.Fatalf("create: %d %v", status, body)
		}
	}
	own := get[string](s.create("c"), "hash")
	if len(own) != 36 || own != strings.ToUpper(own) {
		t.Errorf("token %q", own)
	}
	for _, c := range []struct {
		key, instance string
		status, rows  int
	}{{"shared", "a", 200, 2}, {"shared", "b", 200, 2}, {"shared", "c", 401, 2}, {own, "c", 200, 1}, {globalKey, "c", 200, 3}} {
		status, _, err := s.try("GET", "/instance/connectionState/"+c.instance, c.key, nil)
		s.must(err)
		_, rows, err := s.try("GET", "/instance/fetchInstances", c.key, nil)
		s.must(err)
		if status != c.status || len(rows.([]any)) != c.rows {
			t.Errorf("%s with %s: %d, %d rows", c.instance, c.key, status, len(rows.([]any)))
		}
	}
	if status, _, err := s.try("POST", "/instance/create", own, s.spec("d")); err != nil || status != 401 {
		t.Errorf("an instance's token created an instance: %d %v", status, err)
	}
}

func TestSettings(t *testing.T) {
	s := newScene(t, fakeevolution.Options{})
	s.open("a", s.bia)
	s.hooks.take()
	settings := map[string]any{"rejectCall": false, "groupsIgnore": true, "alwaysOnline": false, "readMessages": false, "readStatus": false}
	if status, _ := s.call("POST", "/settings/set/a", settings); status != 400 {
		t.Errorf("five settings: %d", status)
	}
	settings["syncFullHistory"] = false
	if status, _ := s.call("POST", "/settings/set/a", settings); status != 201 {
		t.Errorf("six settings: %d", status)
	}
	if _, body := s.call("GET", "/settings/find/a", nil); get[bool](body, "groupsIgnore") != true {
		t.Errorf("find: %v", body)
	}
	s.say(s.ana, text("vanishes"))
	s.idle()
	if got := s.hooks.take(); len(got) != 0 {
		t.Errorf("groups are ignored, got %q", names(got))
	}
}
