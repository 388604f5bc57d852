package fakewhatsapp

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
)

// Post is one message that was really posted: an entry of the ledger.
type Post struct {
	Seq    int // 1 is the first post of the world
	Group  core.JID
	Author core.JID // the author's phone JID
	ID     core.MessageID
	Text   string // as first posted
	Media  *Media // nil when there is none
	At     time.Time
	// Via is the name of the session that posted it, "" when it was written on the phone.
	Via string

	Content                        Content
	Wrap                           Wrap
	Album                          core.MessageID
	ExpectedImages, ExpectedVideos int

	// Edits are the texts that replaced Text, oldest first.
	Edits []string
	// Revoked says that the author took it back.
	Revoked bool
}

// Posted returns the whole ledger, oldest first.
func (w *World) Posted() []Post {
	return w.posts(func(*Post) bool { return true })
}

// PostedIn returns what was posted in a group, oldest first.
func (w *World) PostedIn(group core.JID) []Post {
	return w.posts(func(p *Post) bool { return p.Group == group })
}

// PostedBy returns what a phone posted, by itself or through its sessions, oldest first.
func (w *World) PostedBy(phone *Phone) []Post {
	return w.posts(func(p *Post) bool { return p.Author == phone.jid })
}

// PostedVia returns what the sessions of this name posted, oldest first.
func (w *World) PostedVia(session string) []Post {
	return w.posts(func(p *Post) bool { return p.Via == session })
}

// Find returns the post with this key; the participant is the author's phone JID.
func (w *World) Find(key core.MessageKey) (Post, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	p := w.byKey[key]
	if p == nil {
		return Post{}, false
	}
	return p.snapshot(), true
}

// WaitPosted returns the first post that matches, waiting for it when it is not there
// yet. The error is that of ctx.
func (w *World) WaitPosted(ctx context.Context, match func(Post) bool) (Post, error) {
	seen := 0
	for {
		w.mu.Lock()
		fresh := make([]Post, 0, len(w.ledger)-seen)
		for _, p := range w.ledger[seen:] {
			fresh = append(fresh, p.snapshot())
		}
		seen = len(w.ledger)
		changed := w.changed
		w.mu.Unlock()
		for _, p := range fresh {
			if match(p) {
				return p, nil
			}
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return Post{}, fmt.Errorf("wait for a post: %w", ctx.Err())
		}
	}
}

func (w *World) posts(keep func(*Post) bool) []Post {
	w.mu.Lock()
	defer w.mu.Unlock()
	posts := []Post{}
	for _, p := range w.ledger {
		if keep(p) {
			posts = append(posts, p.snapshot())
		}
	}
	return posts
}

func (p *Post) snapshot() Post {
	c := *p
	c.Media = p.Media.clone()
	c.Edits = slices.Clone(p.Edits)
	return c
}

func (p *Post) key() core.MessageKey {
	return core.MessageKey{Chat: p.Group, Participant: p.Author, ID: p.ID}
}

// post enters a message into the ledger and hands it to the sessions of all members but
// the one that posted it. via is nil for the phone itself.
func (w *World) post(author *Phone, via *Session, group core.JID, m Message) (Post, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	g := w.groups[group]
	if g == nil {
		return Post{}, ErrUnknownGroup
	}
	member := g.member(author)
	switch {
	case via != nil && via.unlinked:
		return Post{}, ErrUnlinked
	case member == nil:
		return Post{}, ErrNotMember
	case g.spec.Community, g.spec.Announce && !member.Admin:
		return Post{}, ErrNotAllowed
	case m.content() == ContentText && m.Text == "":
		return Post{}, ErrEmpty
	}
	p := &Post{
		Group: group, Author: author.jid, ID: m.ID, Text: m.Text, Media: m.Media.clone(), At: m.At,
		Content: m.content(), Wrap: m.Wrap, Album: m.Album,
		ExpectedImages: m.ExpectedImages, ExpectedVideos: m.ExpectedVideos,
	}
	if old := w.byKey[p.key()]; m.ID != "" && old != nil {
		return old.snapshot(), nil
	}
	if p.ID == "" {
		p.ID = w.messageID(via != nil)
	}
	if p.At.IsZero() {
		p.At = w.now()
	}
	if via != nil {
		p.Via = via.name
	}
	p.Seq = len(w.ledger) + 1
	w.ledger = append(w.ledger, p)
	w.byKey[p.key()] = p
	w.deliver(g, via, Event{Kind: Posted, Post: p.snapshot(), Group: g.info(), At: p.At})
	w.broadcast()
	return p.snapshot(), nil
}

// amend applies an edit or a revoke by the author.
func (w *World) amend(author *Phone, via *Session, of Post, e Event, apply func(*Post)) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	p := w.byKey[of.key()]
	if p == nil || p.Author != author.jid || p.Revoked {
		return ErrUnknownMessage
	}
	apply(p)
	g := w.groups[p.Group]
	e.Post, e.Group, e.At = p.snapshot(), g.info(), w.now()
	w.deliver(g, via, e)
	w.broadcast()
	return nil
}

func (w *World) deliver(g *Group, except *Session, e Event) {
	for _, m := range g.members {
		for _, s := range w.devices[m.Phone] {
			if s != except {
				s.push(e)
			}
		}
	}
}
