package fakewhatsapp_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp"
)

type scene struct {
	world         *fakewhatsapp.World
	ana, bia, cid *fakewhatsapp.Phone
	group         *fakewhatsapp.Group
}

// newScene is a world with Ana (owner) and Bia in one group, and Cid outside.
func newScene(t *testing.T, opts fakewhatsapp.Options) scene {
	t.Helper()
	w := fakewhatsapp.New(opts)
	s := scene{world: w, ana: phone(t, w, "5511900000001", "Ana"), bia: phone(t, w, "5511900000002", "Bia"), cid: phone(t, w, "5511900000003", "Cid")}
	g, err := w.AddGroup(fakewhatsapp.GroupSpec{
		Subject: "Ofertas", Admins: []*fakewhatsapp.Phone{s.ana}, Members: []*fakewhatsapp.Phone{s.bia},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.group = g
	return s
}

func phone(t *testing.T, w *fakewhatsapp.World, number, name string) *fakewhatsapp.Phone {
	t.Helper()
	p, err := w.AddPhone(number, name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func link(t *testing.T, p *fakewhatsapp.Phone, name string) *fakewhatsapp.Session {
	t.Helper()
	s, err := p.Link(name)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func say(t *testing.T, p *fakewhatsapp.Phone, g *fakewhatsapp.Group, text string) fakewhatsapp.Post {
	t.Helper()
	post, err := p.PostText(g.JID(), text)
	if err != nil {
		t.Fatal(err)
	}
	return post
}

func next(t *testing.T, s *fakewhatsapp.Session) fakewhatsapp.Event {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	e, err := s.Next(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestMembersSessionsReceive(t *testing.T) {
	s := newScene(t, fakewhatsapp.Options{})
	one, two, own, outside := link(t, s.bia, "one"), link(t, s.bia, "two"), link(t, s.ana, "own"), link(t, s.cid, "outside")
	post := say(t, s.ana, s.group, "oferta")
	for _, session := range []*fakewhatsapp.Session{one, two, own} {
		e := next(t, session)
		if e.Kind != fakewhatsapp.Posted || e.Post.ID != post.ID || e.Post.Text != "oferta" || e.Group.Subject != "Ofertas" {
			t.Errorf("%s got %+v", session.Name(), e)
		}
	}
	if n := outside.Pending(); n != 0 {
		t.Errorf("a session outside the group has %d events", n)
	}

	// A session does not hear itself, its sister does.
	if _, err := one.Post(s.group.JID(), fakewhatsapp.Message{Text: "repasse"}); err != nil {
		t.Fatal(err)
	}
	if e := next(t, two); e.Post.Via != "one" || e.Post.Author != s.bia.JID() {
		t.Errorf("sister got %+v", e.Post)
	}
	if e := next(t, own); e.Post.Text != "repasse" {
		t.Errorf("member got %+v", e.Post)
	}
	if _, err := one.Next(ended()); !errors.Is(err, context.Canceled) {
		t.Errorf("Next with an ended context: %v", err)
	}
	if n := one.Pending(); n != 0 {
		t.Errorf("the posting session has %d events", n)
	}
}

func ended() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

func TestLedger(t *testing.T) {
	clock := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	s := newScene(t, fakewhatsapp.Options{Now: func() time.Time { return clock }})
	session := link(t, s.bia, "session")
	first := say(t, s.ana, s.group, "um")
	data := []byte{1, 2, 3}
	second, err := session.Post(s.group.JID(), fakewhatsapp.Message{
		Text: "legenda", Media: &fakewhatsapp.Media{Kind: core.Image, MimeType: "image/png", Data: data},
	})
	if err != nil {
		t.Fatal(err)
	}
	data[0] = 9 // the ledger keeps what was posted
	if err := s.ana.Edit(first, "um, corrigido"); err != nil {
		t.Fatal(err)
	}
	if err := s.ana.Revoke(first); err != nil {
		t.Fatal(err)
	}

	posts := s.world.Posted()
	if len(posts) != 2 || posts[0].Seq != 1 || posts[1].Seq != 2 {
		t.Fatalf("ledger: %+v", posts)
	}
	if p := posts[0]; p.Text != "um" || fmt.Sprint(p.Edits) != "[um, corrigido]" || !p.Revoked || p.Via != "" || !p.At.Equal(clock) {
		t.Errorf("first: %+v", p)
	}
	if p := posts[1]; p.Media == nil || p.Media.Data[0] != 1 || p.Via != "session" || p.Content != fakewhatsapp.ContentMedia {
		t.Errorf("second: %+v", p)
	}
	if !strings.HasPrefix(string(first.ID), "3A") || len(first.ID) != 20 || !strings.HasPrefix(string(second.ID), "3EB0") || len(second.ID) != 22 {
		t.Errorf("ids %s, %s", first.ID, second.ID)
	}
	for name, got := range map[string][]fakewhatsapp.Post{
		"in the group": s.world.PostedIn(s.group.JID()), "by Ana": s.world.PostedBy(s.ana), "via the session": s.world.PostedVia("session"),
	} {
		want := map[string]int{"in the group": 2, "by Ana": 1, "via the session": 1}[name]
		if len(got) != want {
			t.Errorf("%s: %d posts, want %d", name, len(got), want)
		}
	}
	if _, found := s.world.Find(core.MessageKey{Chat: s.group.JID(), Participant: s.ana.JID(), ID: second.ID}); found {
		t.Error("found a post under another author")
	}

	for _, kind := range []fakewhatsapp.EventKind{fakewhatsapp.Posted, fakewhatsapp.Edited, fakewhatsapp.Revoked} {
		if e := next(t, session); e.Kind != kind || e.Post.ID != first.ID {
			t.Errorf("got %s of %s, want %s of %s", e.Kind, e.Post.ID, kind, first.ID)
		}
	}
}

func TestSameIDIsTheSameMessage(t *testing.T) {
	s := newScene(t, fakewhatsapp.Options{})
	session := link(t, s.bia, "session")
	m := fakewhatsapp.Message{Text: "oferta", ID: "3EB0AAAAAAAAAAAAAAAAAA"}
	for range 3 {
		if p, err := session.Post(s.group.JID(), m); err != nil || p.Seq != 1 {
			t.Fatalf("post %d, error %v", p.Seq, err)
		}
	}
	if n := len(s.world.Posted()); n != 1 {
		t.Errorf("%d posts, want 1", n)
	}
}

func TestRights(t *testing.T) {
	s := newScene(t, fakewhatsapp.Options{})
	refuse := func(what string, p *fakewhatsapp.Phone, group core.JID, want error) {
		t.Helper()
		if _, err := p.PostText(group, "x"); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", what, err, want)
		}
	}
	refuse("unknown group", s.ana, "1@g.us", fakewhatsapp.ErrUnknownGroup)
	refuse("outsider", s.cid, s.group.JID(), fakewhatsapp.ErrNotMember)
	if _, err := s.ana.PostText(s.group.JID(), ""); !errors.Is(err, fakewhatsapp.ErrEmpty) {
		t.Errorf("empty text: %v", err)
	}
	s.group.SetAnnounce(true)
	refuse("member of an announcement group", s.bia, s.group.JID(), fakewhatsapp.ErrNotAllowed)
	say(t, s.ana, s.group, "admins may")
	s.group.Promote(s.bia)
	post := say(t, s.bia, s.group, "promoted")
	s.group.Demote(s.bia)
	refuse("demoted", s.bia, s.group.JID(), fakewhatsapp.ErrNotAllowed)
	s.group.Remove(s.bia)
	refuse("removed", s.bia, s.group.JID(), fakewhatsapp.ErrNotMember)
	if err := s.ana.Edit(post, "not mine"); !errors.Is(err, fakewhatsapp.ErrUnknownMessage) {
		t.Errorf("edit of another's message: %v", err)
	}
	parent, err := s.world.AddGroup(fakewhatsapp.GroupSpec{Community: true, Admins: []*fakewhatsapp.Phone{s.ana}})
	if err != nil {
		t.Fatal(err)
	}
	refuse("community parent", s.ana, parent.JID(), fakewhatsapp.ErrNotAllowed)
	if n := len(s.world.Posted()); n != 2 {
		t.Errorf("%d posts in the ledger, want 2", n)
	}
}

func TestMembershipEvents(t *testing.T) {
	s := newScene(t, fakewhatsapp.Options{})
	session := link(t, s.cid, "session")
	s.group.Add(s.cid)
	if e := next(t, session); e.Kind != fakewhatsapp.Joined || e.Group.Member(s.cid) == nil {
		t.Errorf("joined: %+v", e)
	}
	s.group.Promote(s.cid, s.ana) // Ana is one already
	if e := next(t, session); e.Action != fakewhatsapp.Promoted || len(e.Phones) != 1 || !e.Group.Member(s.cid).Admin {
		t.Errorf("promoted: %+v", e)
	}
	s.group.Rename("Achados")
	if e := next(t, session); e.Kind != fakewhatsapp.GroupChanged || e.Group.Subject != "Achados" {
		t.Errorf("renamed: %+v", e)
	}
	s.group.Remove(s.cid)
	if e := next(t, session); e.Action != fakewhatsapp.Removed || e.Group.Member(s.cid) != nil {
		t.Errorf("removed: %+v", e)
	}
	if n := len(session.Groups()); n != 0 {
		t.Errorf("still in %d groups", n)
	}
}

func TestAlbum(t *testing.T) {
	s := newScene(t, fakewhatsapp.Options{})
	image := fakewhatsapp.Media{Kind: core.Image, MimeType: "image/jpeg", Data: []byte("a")}
	posts, err := s.ana.PostAlbum(s.group.JID(), "legenda", image, image, fakewhatsapp.Media{Kind: core.Video, Data: []byte("b")})
	if err != nil {
		t.Fatal(err)
	}
	if len(posts) != 4 || posts[0].ExpectedImages != 2 || posts[0].ExpectedVideos != 1 {
		t.Fatalf("album: %+v", posts)
	}
	for i, p := range posts[1:] {
		if p.Album != posts[0].ID || (p.Text == "legenda") != (i == 0) {
			t.Errorf("child %d: %+v", i, p)
		}
	}
}

func TestUnlink(t *testing.T) {
	s := newScene(t, fakewhatsapp.Options{})
	session := link(t, s.bia, "session")
	if _, err := s.ana.Link("session"); err == nil {
		t.Error("two sessions share a name")
	}
	say(t, s.ana, s.group, "x")
	done := make(chan error, 1)
	go func() { done <- session.WaitDrained(t.Context()) }()
	session.Unlink()
	session.Unlink()
	if err := <-done; err != nil {
		t.Errorf("WaitDrained: %v", err)
	}
	if _, err := session.Next(t.Context()); !errors.Is(err, fakewhatsapp.ErrUnlinked) {
		t.Errorf("Next: %v", err)
	}
	if _, err := session.Post(s.group.JID(), fakewhatsapp.Message{Text: "x"}); !errors.Is(err, fakewhatsapp.ErrUnlinked) {
		t.Errorf("Post: %v", err)
	}
	link(t, s.ana, "session")
}

func TestWaitPosted(t *testing.T) {
	s := newScene(t, fakewhatsapp.Options{})
	say(t, s.ana, s.group, "before")
	type result struct {
		post fakewhatsapp.Post
		err  error
	}
	found := make(chan result)
	for _, text := range []string{"before", "after"} {
		go func() {
			p, err := s.world.WaitPosted(t.Context(), func(p fakewhatsapp.Post) bool { return p.Text == text })
			found <- result{p, err}
		}()
	}
	if r := <-found; r.err != nil || r.post.Text != "before" {
		t.Errorf("existing post: %+v", r)
	}
	say(t, s.ana, s.group, "other")
	say(t, s.ana, s.group, "after")
	if r := <-found; r.err != nil || r.post.Text != "after" {
		t.Errorf("later post: %+v", r)
	}
	if _, err := s.world.WaitPosted(ended(), func(fakewhatsapp.Post) bool { return false }); !errors.Is(err, context.Canceled) {
		t.Errorf("ended context: %v", err)
	}
}

func TestConcurrentUse(t *testing.T) {
	s := newScene(t, fakewhatsapp.Options{})
	session := link(t, s.bia, "session")
	const writers, each = 8, 50
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for n := range each {
				if _, err := s.ana.PostText(s.group.JID(), fmt.Sprint(w, n)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	ids := map[core.MessageID]bool{}
	for seq := 1; seq <= writers*each; seq++ {
		e := next(t, session)
		if e.Post.Seq != seq {
			t.Fatalf("event %d tells of post %d", seq, e.Post.Seq)
		}
		ids[e.Post.ID] = true
	}
	wg.Wait()
	if len(ids) != writers*each {
		t.Errorf("%d ids for %d posts", len(ids), writers*each)
	}
}

func TestBadSpecs(t *testing.T) {
	s := newScene(t, fakewhatsapp.Options{})
	for _, number := range []string{"", "123", "+5511900000009", s.ana.Number(), "5511 90000000"} {
		if _, err := s.world.AddPhone(number, "x"); err == nil {
			t.Errorf("number %q accepted", number)
		}
	}
	stranger := phone(t, fakewhatsapp.New(fakewhatsapp.Options{}), "5511900000009", "x")
	for _, spec := range []fakewhatsapp.GroupSpec{
		{JID: "5511@s.whatsapp.net"}, {JID: s.group.JID()}, {Members: []*fakewhatsapp.Phone{nil}}, {Members: []*fakewhatsapp.Phone{stranger}},
	} {
		if _, err := s.world.AddGroup(spec); err == nil {
			t.Errorf("spec %+v accepted", spec)
		}
	}
	if s.world.Phone(s.ana.LID()) != s.ana || s.world.Phone("1@lid") != nil || s.world.Group("1@g.us") != nil {
		t.Error("look-ups are wrong")
	}
}
