package endpoint

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/util/cbcutil"
	"go.mau.fi/whatsmeow/util/hkdfutil"
	"google.golang.org/protobuf/proto"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp"
)

var mediaTypes = map[core.MediaKind]whatsmeow.MediaType{
	core.Image: whatsmeow.MediaImage, core.Video: whatsmeow.MediaVideo, core.Document: whatsmeow.MediaDocument,
}

// macLength is how much of the authentication code follows encrypted media.
const macLength = 10

// serveMedia stores what is posted and serves what is stored.
func (s *Server) serveMedia(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		s.mu.Lock()
		data, ok := s.uploads[r.URL.Path]
		s.mu.Unlock()
		if !ok {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write(data)
		return
	}
	data, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, "", http.StatusBadRequest)
		return
	}
	path := s.keep(data)
	_ = json.NewEncoder(w).Encode(map[string]string{
		"url": "https://" + mediaHost + path, "direct_path": path, "handle": "handle",
	})
}

// keep stores encrypted media and returns its path.
func (s *Server) keep(data []byte) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.serial++
	path := fmt.Sprintf("/v/t62/%d.enc", s.serial)
	s.uploads[path] = data
	return path + "?ccb=11-4" // clients add their own parameters with "&"
}

// DropMedia forgets all media, as WhatsApp does after some weeks.
func (s *Server) DropMedia() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.uploads)
}

// mediaKeys derives the keys of one attachment.
func mediaKeys(secret []byte, kind core.MediaKind) (iv, cipher, mac []byte) {
	all := hkdfutil.SHA256(secret, nil, []byte(mediaTypes[kind]), 112)
	return all[:16], all[16:48], all[48:80]
}

func sumOf(mac []byte, parts ...[]byte) []byte {
	h := hmac.New(sha256.New, mac)
	for _, p := range parts {
		h.Write(p)
	}
	return h.Sum(nil)[:macLength]
}

// media uploads the attachment of a post and announces it.
func (s *Server) media(p fakewhatsapp.Post) *waE2E.Message {
	secret := make([]byte, 32)
	_, _ = rand.Read(secret) // never fails
	iv, cipher, mac := mediaKeys(secret, p.Media.Kind)
	sealed, err := cbcutil.Encrypt(cipher, iv, p.Media.Data)
	if err != nil {
		return conversation(p.Text)
	}
	sealed = append(sealed, sumOf(mac, iv, sealed)...)
	path := s.keep(sealed)
	plainSum, sealedSum := sha256.Sum256(p.Media.Data), sha256.Sum256(sealed)
	var caption, name *string
	if p.Text != "" {
		caption = &p.Text
	}
	if p.Media.FileName != "" {
		name = &p.Media.FileName
	}
	url, length, mime := proto.String("https://"+mediaHost+path), proto.Uint64(uint64(len(p.Media.Data))), &p.Media.MimeType
	switch p.Media.Kind {
	case core.Video:
		return &waE2E.Message{VideoMessage: &waE2E.VideoMessage{
			URL: url, DirectPath: &path, MediaKey: secret, FileSHA256: plainSum[:], FileEncSHA256: sealedSum[:],
			FileLength: length, Mimetype: mime, Caption: caption, JPEGThumbnail: []byte("thumbnail"),
		}}
	case core.Document:
		return &waE2E.Message{DocumentMessage: &waE2E.DocumentMessage{
			URL: url, DirectPath: &path, MediaKey: secret, FileSHA256: plainSum[:], FileEncSHA256: sealedSum[:],
			FileLength: length, Mimetype: mime, Caption: caption, FileName: name,
		}}
	}
	return &waE2E.Message{ImageMessage: &waE2E.ImageMessage{
		URL: url, DirectPath: &path, MediaKey: secret, FileSHA256: plainSum[:], FileEncSHA256: sealedSum[:],
		FileLength: length, Mimetype: mime, Caption: caption, JPEGThumbnail: []byte("thumbnail"),
	}}
}

// attachment is what the media messages have in common.
type attachment interface {
	GetDirectPath() string
	GetMediaKey() []byte
	GetFileSHA256() []byte
	GetFileEncSHA256() []byte
}

// attached downloads and decrypts an attachment, as a phone does. One that cannot be opened
// is a message nobody can use.
func (s *Server) attached(kind core.MediaKind, a attachment, caption, mime, name string, wrap fakewhatsapp.Wrap) (fakewhatsapp.Message, error) {
	path, _, _ := strings.Cut(a.GetDirectPath(), "?")
	s.mu.Lock()
	sealed := bytes.Clone(s.uploads[path])
	s.mu.Unlock()
	if sum := sha256.Sum256(sealed); len(sealed) <= macLength || !bytes.Equal(sum[:], a.GetFileEncSHA256()) {
		return fakewhatsapp.Message{}, errors.New("endpoint: the media is not there or is another")
	}
	iv, cipher, mac := mediaKeys(a.GetMediaKey(), kind)
	body, sum := sealed[:len(sealed)-macLength], sealed[len(sealed)-macLength:]
	if !hmac.Equal(sum, sumOf(mac, iv, body)) {
		return fakewhatsapp.Message{}, errors.New("endpoint: the media is not authentic")
	}
	data, err := cbcutil.Decrypt(cipher, iv, body)
	if err != nil {
		return fakewhatsapp.Message{}, err
	}
	if sum := sha256.Sum256(data); !bytes.Equal(sum[:], a.GetFileSHA256()) {
		return fakewhatsapp.Message{}, errors.New("endpoint: the media is another than announced")
	}
	return fakewhatsapp.Message{Text: caption, Wrap: wrap, Media: &fakewhatsapp.Media{
		Kind: kind, MimeType: mime, FileName: name, Data: data,
	}}, nil
}
