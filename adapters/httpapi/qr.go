package httpapi

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"strings"

	"github.com/boombuler/barcode/qr"
)

const (
	pngURI    = "data:image/png;base64,"
	qrModule  = 6 // pixels
	qrQuiet   = 4 // modules of white around the code, as the standard asks
	imageURIs = "data:image/"
)

// isPicture says whether a provider gave the code as a picture instead of its text.
func isPicture(code string) bool { return strings.HasPrefix(code, imageURIs) }

// qrDataURI returns a code as something an <img> can show.
func qrDataURI(code string) (string, error) {
	if isPicture(code) {
		return code, nil
	}
	picture, err := qrPNG(code)
	if err != nil {
		return "", err
	}
	return pngURI + base64.StdEncoding.EncodeToString(picture), nil
}

// qrPNG draws a code, or unpacks the PNG the provider drew. Errors do not quote the code:
// whoever scans it owns the session.
func qrPNG(code string) ([]byte, error) {
	if data, ok := strings.CutPrefix(code, pngURI); ok {
		picture, err := base64.StdEncoding.DecodeString(data)
		if err != nil {
			return nil, errors.New("the provider's QR code picture is not base64")
		}
		return picture, nil
	}
	drawn, err := qr.Encode(code, qr.M, qr.Auto)
	if err != nil {
		return nil, errors.New("the QR code's text cannot be drawn")
	}
	modules := drawn.Bounds().Dx()
	size := (modules + 2*qrQuiet) * qrModule
	picture := image.NewPaletted(image.Rect(0, 0, size, size), color.Palette{color.White, color.Black})
	for y := range modules * qrModule {
		for x := range modules * qrModule {
			if r, _, _, _ := drawn.At(x/qrModule, y/qrModule).RGBA(); r == 0 {
				picture.SetColorIndex(x+qrQuiet*qrModule, y+qrQuiet*qrModule, 1)
			}
		}
	}
	var out bytes.Buffer
	if err := png.Encode(&out, picture); err != nil {
		return nil, fmt.Errorf("QR code: %w", err)
	}
	return out.Bytes(), nil
}
