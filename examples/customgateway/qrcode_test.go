package main

import (
	"bytes"
	"encoding/base64"
	"image/png"
	"strings"
	"testing"

	"github.com/boombuler/barcode"
	"github.com/boombuler/barcode/qr"
)

// drawn is a picture of a QR code as wuzapi draws it.
func drawn(tb testing.TB, text string, pixels int) string {
	tb.Helper()
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err == nil && pixels > 0 {
		code, err = barcode.Scale(code, pixels, pixels)
	}
	if err != nil {
		tb.Fatal(err)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, code); err != nil {
		tb.Fatal(err)
	}
	return "data:image/png;base64," + base64.StdEncoding.EncodeToString(b.Bytes())
}

func TestReadQRCode(t *testing.T) {
	for _, text := range []string{
		"7", "12345678901234567890", "HTTPS://EXAMPLE.COM/A-1", "oi",
		"2@" + strings.Repeat("Zx9+/=", 37) + ",abc,DEF,ghi==",
		"https://wa.me/settings/linked_devices#" + strings.Repeat("aB3,", 60),
	} {
		for _, pixels := range []int{256, 512} {
			if got := readQRCode(drawn(t, text, pixels)); got != text {
				t.Errorf("of %d pixels: %q, want %q", pixels, got, text)
			}
		}
	}
	for n := 1; n < 1000; n += 61 { // many versions and masks
		text := strings.Repeat("a1B,", 300)[:n]
		if got := readQRCode(drawn(t, text, 400)); got != text {
			t.Errorf("%d characters were read as %d", n, len(got))
		}
	}
	for _, nonsense := range []string{"", "x", "data:image/png;base64,", "data:image/png;base64,iVBORw0KGgo="} {
		if got := readQRCode(nonsense); got != "" {
			t.Errorf("%q was read as %q", nonsense, got)
		}
	}
}
