package fakeevolution_test

import (
	"encoding/base64"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/testkit/fakeevolution"
	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp"
)

func TestGroups(t *testing.T) {
	s := newScene(t, fakeevolution.Options{Delays: fakeevolution.Delays{Group: time.Microsecond}})
	s.open("a", s.bia)
	s.hooks.take()
	parent := s.newGroup(fakewhatsapp.GroupSpec{Subject: "Comunidade", Community: true, Members: []*fakewhatsapp.Phone{s.bia}})
	news := s.newGroup(fakewhatsapp.GroupSpec{
		Subject: "Avisos", Announce: true, CommunityAnnounce: true, Parent: parent.JID(),
		Admins: []*fakewhatsapp.Phone{s.ana, s.bia}, Addressing: fakewhatsapp.ByPhone,
	})
	s.newGroup(fakewhatsapp.GroupSpec{Subject: "not Bia's", Members: []*fakewhatsapp.Phone{s.ana}})

	status, list := s.call("GET", "/group/fetchAllGroups/a?getParticipants=true", nil)
	subjects := []string{}
	for i := range list.([]any) {
		subjects = append(subjects, get[string](list, i, "subject"))
	}
	if status != 200 || !slices.Equal(subjects, []string{"Ofertas", "Comunidade", "Avisos"}) {
		t.Fatalf("%d %q", status, subjects)
	}
	if got := fmt.Sprint(get[any](list, 0, "participants")); got != fmt.Sprintf(
		"[map[admin:superadmin id:%s phoneNumber:%s] map[admin:<nil> id:%s phoneNumber:%s]]", s.ana.LID(), s.ana.JID(), s.bia.LID(), s.bia.JID()) {
		t.Errorf("participants by LID: %s", got)
	}
	if got := fmt.Sprint(get[any](list, 2, "participants")); got != fmt.Sprintf(
		"[map[admin:superadmin id:%s] map[admin:admin id:%s]]", s.ana.JID(), s.bia.JID()) {
		t.Errorf("participants by phone: %s", got)
	}
	if !get[bool](list, 1, "isCommunity") || !get[bool](list, 2, "announce") || get[string](list, 2, "linkedParent") != string(parent.JID()) {
		t.Errorf("flags: %v", list)
	}
	if _, brief := s.call("GET", "/group/fetchAllGroups/a?getParticipants=false", nil); get[any](brief, 0, "participants") != nil || get[float64](brief, 0, "size") != 2 {
		t.Errorf("without participants: %v", brief)
	}
	if status, _ := s.call("GET", "/group/fetchAllGroups/a?getParticipants=yes", nil); status != 400 {
		t.Errorf("getParticipants=yes: %d", status)
	}
	if _, one := s.call("GET", "/group/findGroupInfos/a?groupJid="+string(news.JID()), nil); get[string](one, "subject") != "Avisos" {
		t.Errorf("findGroupInfos: %v", one)
	}
	if status, body := s.call("GET", "/group/findGroupInfos/a?groupJid=1", nil); status != 404 || fmt.Sprint(get[any](body, "response", "message")) != "[Error fetching group Error: item-not-found]" {
		t.Errorf("unknown group: %d %v", status, body)
	}
	s.idle()
	if got := names(s.hooks.take()); !slices.Equal(got, []string{"groups.upsert", "groups.upsert"}) {
		t.Errorf("webhooks %q", got)
	}
	s.server.Next(fakeevolution.GroupsOverlimit())
	if status, _ := s.call("GET", "/group/fetchAllGroups/a?getParticipants=true", nil); status != 500 {
		t.Errorf("overlimit: %d", status)
	}
}

func TestFindMessages(t *testing.T) {
	s := newScene(t, fakeevolution.Options{})
	s.open("a", s.bia)
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for n := range 4 { // two minutes apart
		s.say(s.ana, fakewhatsapp.Message{Text: fmt.Sprint(n), At: start.Add(time.Duration(n) * 2 * time.Minute)})
	}
	s.sendText("a", "mine")
	s.idle()
	find := func(where map[string]any, page int) (texts []string, total float64) {
		t.Helper()
		status, body := s.call("POST", "/chat/findMessages/a", map[string]any{"where": where, "offset": 3, "page": page})
		if status != 200 {
			t.Fatalf("%d %v", status, body)
		}
		for i := range get[[]any](body, "messages", "records") {
			texts = append(texts, get[string](body, "messages", "records", i, "message", "conversation"))
		}
		return texts, get[float64](body, "messages", "total")
	}
	chat := map[string]any{"remoteJid": s.group.JID()}
	for _, c := range []struct {
		name  string
		where map[string]any
		page  int
		want  string
		total float64
	}{
		{"newest first", map[string]any{"key": chat}, 1, "[mine 3 2]", 5},
		{"second page", map[string]any{"key": chat}, 2, "[1 0]", 5},
		{"page past the end", map[string]any{"key": chat}, 9, "[]", 5},
		{"other chat", map[string]any{"key": map[string]any{"remoteJid": "1@g.us"}}, 1, "[]", 0},
		{"mine", map[string]any{"key": map[string]any{"fromMe": true}}, 1, "[mine]", 1},
		{"fromMe false does not filter", map[string]any{"key": map[string]any{"fromMe": false}}, 1, "[mine 3 2]", 5},
		{"period", map[string]any{"messageTimestamp": map[string]any{"gte": "2026-03-01T12:02:00.000Z", "lte": "2026-03-01T12:04:00.000Z"}}, 1, "[2 1]", 2},
		{"half a period is ignored", map[string]any{"messageTimestamp": map[string]any{"gte": "2026-03-01T12:04:00.000Z"}}, 1, "[mine 3 2]", 5},
	} {
		if texts, total := find(c.where, c.page); fmt.Sprint(texts) != c.want || total != c.total {
			t.Errorf("%s: %v of %v", c.name, texts, total)
		}
	}
	s.server.SetQuirks(fakeevolution.Quirks{NoRows: true})
	s.hooks.take()
	s.sendText("a", "no trace")
	s.idle()
	if _, total := find(map[string]any{"key": map[string]any{"fromMe": true}}, 1); total != 1 {
		t.Errorf("%v own messages, want the old one", total)
	}
	if got := names(s.hooks.take()); !slices.Equal(got, []string{"send.message"}) {
		t.Errorf("webhooks %q", got)
	}
}

func TestGetBase64(t *testing.T) {
	s := newScene(t, fakeevolution.Options{})
	s.open("a", s.bia)
	s.server.SetQuirks(fakeevolution.Quirks{NoRows: true})
	s.hooks.take()
	media := &fakewhatsapp.Media{Kind: core.Image, MimeType: "image/jpeg", Data: []byte("picture")}
	unsaved := s.say(s.ana, fakewhatsapp.Message{Text: "legenda", Media: media, Wrap: fakewhatsapp.WrapEphemeral})
	s.idle()
	whole := get[map[string]any](s.hooks.take()[0].body, "data")
	s.server.SetQuirks(fakeevolution.Quirks{})
	saved := s.say(s.ana, fakewhatsapp.Message{Text: "legenda", Media: media})
	plain := s.say(s.ana, text("no media"))
	s.idle()
	byID := func(p fakewhatsapp.Post) map[string]any {
		return map[string]any{"key": map[string]any{"id": p.ID}}
	}
	for _, c := range []struct {
		name    string
		message map[string]any
		status  int
	}{{"saved", byID(saved), 201}, {"unsaved", byID(unsaved), 400}, {"unsaved, whole message", whole, 201}, {"no media", byID(plain), 400}} {
		status, body := s.call("POST", "/chat/getBase64FromMediaMessage/a", map[string]any{"message": c.message})
		if status != c.status {
			t.Errorf("%s: %d %v", c.name, status, body)
			continue
		}
		if data, err := base64.StdEncoding.DecodeString(get[string](body, "base64")); status == 201 && (err != nil || string(data) != "picture" || get[string](body, "mimetype") != "image/jpeg") {
			t.Errorf("%s: %v", c.name, body)
		}
	}
	s.server.Next(fakeevolution.MediaGone())
	if status, _ := s.call("POST", "/chat/getBase64FromMediaMessage/a", map[string]any{"message": byID(saved)}); status != 400 {
		t.Errorf("expired media: %d", status)
	}
}
