package httpapi

import (
	"encoding/base64"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/autopromo-cloud/autopromo/adapters/httpapi/internal/console"
)

// cookieOf returns the value of a cookie, "" when there is none.
func cookieOf(c *gin.Context, name string) string {
	cookie, err := c.Request.Cookie(name)
	if err != nil {
		return ""
	}
	return cookie.Value
}

// sessionName is the name of the session's cookie. With https browsers themselves keep
// other hosts and plain http from setting one of that name.
func (s *server) sessionName(c *gin.Context) string {
	if s.secure(c) {
		return "__Host-" + sessionCookie
	}
	return sessionCookie
}

func (s *server) sessionOf(c *gin.Context) string { return cookieOf(c, s.sessionName(c)) }

// secure says whether the browser came over https.
func (s *server) secure(c *gin.Context) bool { return s.options.HTTPS || c.Request.TLS != nil }

// setCookie sets a cookie that no script can read and no other site's form can use. A life
// of zero takes it away.
func (v *visit) setCookie(name, value string, life time.Duration) {
	cookie := &http.Cookie{
		Name: name, Value: value, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode,
		Secure: v.secure(v.Context), MaxAge: int(life / time.Second),
	}
	if life == 0 {
		cookie.MaxAge = -1
	}
	http.SetCookie(v.Writer, cookie)
}

// word names a sentence about an action that went well.
type word string

// notify has the next page say a sentence.
func (v *visit) notify(w word) { v.setCookie(noticeCookie, "+"+string(w), time.Minute) }

// takeNotice is what the last action left to say; it is said once. A sentence that is not
// one of ours came from the same server, a minute ago.
func (v *visit) takeNotice() console.Notice {
	value := cookieOf(v.Context, noticeCookie)
	if value == "" {
		return console.Notice{}
	}
	v.setCookie(noticeCookie, "", 0)
	if value[0] == '+' {
		return console.Notice{Text: v.view.Done(value[1:])}
	}
	text, err := base64.RawURLEncoding.DecodeString(value[1:])
	if err != nil {
		return console.Notice{}
	}
	return console.Notice{Text: string(text), Bad: true}
}
