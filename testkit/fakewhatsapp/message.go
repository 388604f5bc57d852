package fakewhatsapp

import (
	"time"

	"github.com/autopromo-cloud/autopromo/core"
)

// Content says what sort of message it is.
type Content string

// The contents of a message. Text and Media are chosen by the message's own fields; the
// others carry nothing that sells, and exist because real groups are full of them.
const (
	ContentText     Content = "text"
	ContentMedia    Content = "media"
	ContentAlbum    Content = "album" // the header that announces several media
	ContentAudio    Content = "audio"
	ContentSticker  Content = "sticker"
	ContentPoll     Content = "poll"
	ContentContact  Content = "contact"
	ContentReaction Content = "reaction"
)

// Wrap is how the author's application packed the message.
type Wrap string

// The wraps of a message.
const (
	WrapNone      Wrap = ""
	WrapPreview   Wrap = "preview"   // a text with a link preview
	WrapEphemeral Wrap = "ephemeral" // disappearing messages are on
	WrapViewOnce  Wrap = "view_once"
	// WrapCaption is a document with a caption.
	WrapCaption Wrap = "document_with_caption"
)

// Media is an attachment with its bytes.
type Media struct {
	Kind     core.MediaKind
	MimeType string
	FileName string
	Data     []byte
}

// Message is what somebody wants to post.
type Message struct {
	Text  string // the body, or the caption when there is media
	Media *Media
	Wrap  Wrap
	// Content is needed only for the contents without text and media.
	Content Content
	// Album is the id of the album header this media belongs to.
	Album core.MessageID
	// ExpectedImages and ExpectedVideos are what an album header announces.
	ExpectedImages, ExpectedVideos int
	// ID is the message id, made when empty. Posting an id again is the same message:
	// nothing new is posted.
	ID core.MessageID
	// At is when it was written, now when zero.
	At time.Time
}

func (m Message) content() Content {
	switch {
	case m.Content != "":
		return m.Content
	case m.Media != nil:
		return ContentMedia
	}
	return ContentText
}

func (m *Media) clone() *Media {
	if m == nil {
		return nil
	}
	c := *m
	c.Data = append([]byte(nil), m.Data...)
	return &c
}
