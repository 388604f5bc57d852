package httpapi

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"

	"github.com/autopromo-cloud/autopromo/core"
)

const (
	idLength  = 36 // of a UUID in text form
	macLength = 16 // bytes kept of the cursor's MAC
)

// sealCursor names the last offer of a page. The MAC binds it to the tenant and the filter,
// so that no cursor works for anybody else.
func (s *server) sealCursor(tenant core.TenantID, status string, last core.OfferID) string {
	return base64.RawURLEncoding.EncodeToString(append([]byte(last), s.cursorMAC(tenant, status, last)...))
}

// openCursor returns the offer to continue after, "" for no cursor.
func (s *server) openCursor(tenant core.TenantID, status, cursor string) (core.OfferID, error) {
	if cursor == "" {
		return "", nil
	}
	refused := core.InvalidField("cursor", core.ReasonInvalidCursor, "")
	raw, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || len(raw) != idLength+macLength {
		return "", refused
	}
	last := core.OfferID(raw[:idLength])
	if !hmac.Equal(raw[idLength:], s.cursorMAC(tenant, status, last)) {
		return "", refused
	}
	return last, nil
}

func (s *server) cursorMAC(tenant core.TenantID, status string, last core.OfferID) []byte {
	mac := hmac.New(sha256.New, s.cursorKey)
	fmt.Fprintf(mac, "offers|%s|%s|%s", tenant, status, last)
	return mac.Sum(nil)[:macLength]
}
