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

// sealCursor names the last item of a page. The MAC binds it to the tenant, the list and its
// filter, so that no cursor works for anybody, or anything, else.
func sealCursor[ID ~string](s *server, tenant core.TenantID, list string, last ID) string {
	return base64.RawURLEncoding.EncodeToString(append([]byte(last), s.cursorMAC(tenant, list, string(last))...))
}

// openCursor returns the item to continue after, "" for no cursor.
func openCursor[ID ~string](s *server, tenant core.TenantID, list, cursor string) (ID, error) {
	if cursor == "" {
		return "", nil
	}
	refused := core.InvalidField("cursor", core.ReasonInvalidCursor, "")
	raw, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || len(raw) != idLength+macLength {
		return "", refused
	}
	last := string(raw[:idLength])
	if !hmac.Equal(raw[idLength:], s.cursorMAC(tenant, list, last)) {
		return "", refused
	}
	return ID(last), nil
}

func (s *server) cursorMAC(tenant core.TenantID, list, last string) []byte {
	mac := hmac.New(sha256.New, s.cursorKey)
	fmt.Fprintf(mac, "%s|%s|%s", list, tenant, last)
	return mac.Sum(nil)[:macLength]
}
