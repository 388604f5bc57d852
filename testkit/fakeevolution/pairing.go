package fakeevolution

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"image"
	"image/color"
	"image/png"
	"strings"
	"time"
)

// qrCode is one code of a pairing.
type qrCode struct {
	code    string
	picture string // a data URI
	count   int
}

// newQRCode makes a code of the shape WhatsApp shows: "2@" and four parts.
func newQRCode(count int) *qrCode {
	part := func(n int) string {
		b := make([]byte, n)
		_, _ = rand.Read(b) // crypto/rand never fails
		return base64.StdEncoding.EncodeToString(b)
	}
	code := "2@" + strings.Join([]string{part(42), part(32), part(32), part(32)}, ",")
	return &qrCode{code: code, picture: picture(code), count: count}
}

// picture is a valid PNG that is different for each code, though no scanner reads it.
func picture(code string) string {
	const size = 16
	sum := sha256.Sum256([]byte(code))
	img := image.NewGray(image.Rect(0, 0, size, size))
	for i := range size * size {
		if sum[i/8]>>(i%8)&1 == 0 {
			img.SetGray(i%size, i/size, color.Gray{Y: 255})
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		return "" // a buffer takes everything
	}
	return "data:image/png;base64," + base64.StdEncoding.EncodeToString(b.Bytes())
}

// startPairing opens a socket without credentials; s.mu is held.
func (s *Server) startPairing(i *instance) {
	i.state, i.qr, i.firstQR, i.dead = stateConnecting, nil, nil, false
	s.emitConnection(i, stateConnecting, 200)
	if !i.erased && i.replaces == nil { // a ghost never gets that far
		s.showQR(i)
	}
}

// showQR shows the next code, or ends the pairing at the limit; s.mu is held.
func (s *Server) showQR(i *instance) {
	count := 1
	if i.qr != nil {
		count = i.qr.count + 1
	}
	if count > s.opts.QRLimit {
		i.state, i.qr, i.firstQR = stateClose, nil, nil
		s.emit(i, "qrcode.updated", map[string]any{
			"message": "QR code limit reached, please login again", "statusCode": 500,
		})
		s.emitConnection(i, "refused", 428)
		return
	}
	i.qr = newQRCode(count)
	if i.firstQR == nil {
		i.firstQR = i.qr
	}
	s.emit(i, "qrcode.updated", map[string]any{"qrcode": map[string]any{
		"instance": i.name, "pairingCode": i.pairingCode(), "code": i.qr.code, "base64": i.qr.picture,
	}})
}

// qrObject is the code as HTTP answers show it; s.mu is held.
func (s *Server) qrObject(i *instance) map[string]any {
	qr, quirks := i.qr, s.quirksOf(i)
	if quirks.StaleQR {
		qr = i.firstQR
	}
	if qr == nil || quirks.EmptyQR {
		return map[string]any{"count": 0}
	}
	return map[string]any{
		"pairingCode": i.pairingCode(), "code": qr.code, "base64": qr.picture, "count": qr.count,
	}
}

// pairingCode is made only for a pairing with a number.
func (i *instance) pairingCode() any {
	if i.number == "" {
		return nil
	}
	sum := sha256.Sum256([]byte(i.qr.code))
	return strings.ToUpper(hex.EncodeToString(sum[:4]))
}

func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // crypto/rand never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// stamp is a time as the database shows it, with an honest Z.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z07:00") }
