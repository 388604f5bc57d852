package fakewhatsapp

import (
	"fmt"

	"github.com/autopromo-cloud/autopromo/core"
)

// Phone is a person's phone in a [World].
type Phone struct {
	world    *World
	number   string
	name     string
	jid, lid core.JID
}

// Number is the phone number in digits.
func (p *Phone) Number() string { return p.number }

// Name is the name others see.
func (p *Phone) Name() string { return p.name }

// JID is the phone's address by number.
func (p *Phone) JID() core.JID { return p.jid }

// LID is the phone's address that hides the number.
func (p *Phone) LID() core.JID { return p.lid }

// Post writes a message in a group. It fails with [ErrUnknownGroup], [ErrNotMember],
// [ErrNotAllowed] or [ErrEmpty].
func (p *Phone) Post(group core.JID, m Message) (Post, error) {
	return p.world.post(p, nil, group, m)
}

// PostText writes a text in a group; see [Phone.Post].
func (p *Phone) PostText(group core.JID, text string) (Post, error) {
	return p.Post(group, Message{Text: text})
}

// PostMedia posts an image, a video or a document with a caption, which may be "".
func (p *Phone) PostMedia(group core.JID, media Media, caption string) (Post, error) {
	return p.Post(group, Message{Text: caption, Media: &media})
}

// PostAlbum posts an album: a header, then each media as a message of its own, the caption
// on the first. It returns the header and the media in that order.
func (p *Phone) PostAlbum(group core.JID, caption string, media ...Media) ([]Post, error) {
	header := Message{Content: ContentAlbum}
	for _, m := range media {
		if m.Kind == core.Video {
			header.ExpectedVideos++
		} else {
			header.ExpectedImages++
		}
	}
	first, err := p.Post(group, header)
	if err != nil {
		return nil, err
	}
	posts := []Post{first}
	for i := range media {
		m := Message{Media: &media[i], Album: first.ID}
		if i == 0 {
			m.Text = caption
		}
		child, err := p.Post(group, m)
		if err != nil {
			return posts, err
		}
		posts = append(posts, child)
	}
	return posts, nil
}

// Edit replaces the text of a message this phone posted, else [ErrUnknownMessage].
func (p *Phone) Edit(post Post, text string) error {
	return p.world.amend(p, nil, post, Event{Kind: Edited, Text: text}, func(q *Post) {
		q.Edits = append(q.Edits, text)
	})
}

// Revoke takes back a message this phone posted, else [ErrUnknownMessage].
func (p *Phone) Revoke(post Post) error {
	return p.world.amend(p, nil, post, Event{Kind: Revoked}, func(q *Post) { q.Revoked = true })
}

// Link makes a session: a companion device that sees the phone's groups and posts as the
// phone. The name appears in the ledger and must not be that of another linked session.
func (p *Phone) Link(name string) (*Session, error) {
	w := p.world
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.sessions[name] != nil {
		return nil, fmt.Errorf("fakewhatsapp: session %q exists already", name)
	}
	s := &Session{world: w, name: name, phone: p, signal: make(chan struct{})}
	w.sessions[name] = s
	w.devices[p] = append(w.devices[p], s)
	return s, nil
}
