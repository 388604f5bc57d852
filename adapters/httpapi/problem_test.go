package httpapi

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"image/png"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
)

func TestQRCode(t *testing.T) {
	t.Parallel()
	code := "2@" + strings.Repeat("Ab9/+", 45) + ",x,y,z"
	uri, err := qrDataURI(code)
	if err != nil {
		t.Fatal(err)
	}
	data, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(uri, pngURI))
	if err != nil {
		t.Fatal(err)
	}
	picture, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	side := picture.Bounds().Dx()
	if side != picture.Bounds().Dy() || side < 300 || side > 1000 {
		t.Errorf("the picture is %v", picture.Bounds())
	}
	dark := func(x, y int) bool { r, _, _, _ := picture.At(x, y).RGBA(); return r == 0 }
	margin := qrModule * qrQuiet
	for i := range side {
		if dark(i, margin-1) || dark(margin-1, i) || dark(i, side-margin) || dark(side-margin, i) {
			t.Fatal("the quiet zone is not white")
		}
	}
	if !dark(margin, margin) || !dark(side-margin-1, margin) || !dark(margin, side-margin-1) {
		t.Error("the finder patterns are missing")
	}
	if same, err := qrDataURI(uri); err != nil || same != uri {
		t.Errorf("a picture of the provider's was changed: %v", err)
	}
	if raw, err := qrPNG(uri); err != nil || !bytes.Equal(raw, data) {
		t.Errorf("a picture of the provider's was not unpacked: %v", err)
	}
	secret := strings.Repeat("segredo", 2000)
	if _, err := qrPNG(secret); err == nil || strings.Contains(err.Error(), "segredo") {
		t.Errorf("a text too long for a QR code: %v", err)
	}
}

func TestNegotiate(t *testing.T) {
	t.Parallel()
	for accept, want := range map[string]core.Language{
		"": core.Portuguese, "pt-BR": core.Portuguese, "en": core.English, "en-US,en;q=0.9,pt;q=0.5": core.English,
		"pt;q=0.9,en;q=0.8": core.Portuguese, "fr,en;q=0.5": core.English, "fr": core.Portuguese, "*": core.Portuguese,
		"en;q=0": core.Portuguese, ";;;,,": core.Portuguese, "en;q=x": core.Portuguese, "en;q=NaN": core.Portuguese, "EN-gb": core.English,
	} {
		if got := negotiate(accept); got != want {
			t.Errorf("negotiate(%.40q) = %s, want %s", accept, got, want)
		}
	}
}

func TestNetwork(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"203.0.113.7": "203.0.113.7", "::ffff:203.0.113.7": "203.0.113.7",
		"2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "fe80::1%eth0": "fe80::/64", "nothing": "",
	} {
		if got := network(address); got != want {
			t.Errorf("network(%q) = %q, want %q", address, got, want)
		}
	}
}

func TestProblemOf(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err        error
		status     int
		code       core.Reason
		retryAfter string
	}{
		"invalid":           {core.InvalidField("x", core.ReasonOutOfRange, "x (1–2)"), 422, core.ReasonOutOfRange, ""},
		"not found":         {core.ErrNotFound, 404, core.ReasonNotFound, ""},
		"not found, chatty": {core.NewError(core.CodeNotFound, core.ReasonUnknownStore, "x"), 404, core.ReasonNotFound, ""},
		"no instance":       {core.NewError(core.CodeNotFound, core.ReasonNoInstance, ""), 404, core.ReasonNoInstance, ""},
		"e-mail taken":      {core.NewError(core.CodeConflict, core.ReasonEmailTaken, ""), 400, core.ReasonEmailTaken, ""},
		"connected":         {core.NewError(core.CodeConflict, core.ReasonAlreadyConnected, ""), 400, core.ReasonAlreadyConnected, ""},
		"not connected":     {core.NewError(core.CodePrecondition, core.ReasonNotConnected, ""), 400, core.ReasonNotConnected, ""},
		"tag exists":        {core.NewError(core.CodeConflict, core.ReasonTagExists, ""), 409, core.ReasonTagExists, ""},
		"unavailable":       {core.ErrUnavailable, 503, core.ReasonUnavailable, "5"},
		"gone away":         {context.Canceled, 503, core.ReasonUnavailable, "5"},
		"anything":          {errors.New("pq: password=hunter2"), 500, core.ReasonInternal, ""},
		"bare internal":     {&core.Error{Code: core.CodeInternal, Reason: core.ReasonPoison, Detail: "hunter2"}, 500, core.ReasonInternal, ""},
		"attempts":          {&tooManyAttempts{1500 * time.Millisecond}, 429, core.ReasonTooManyAttempts, "2"},
		"busy provider": {&core.Error{
			Code: core.CodeRateLimited, Reason: core.ReasonProviderBusy,
			Err: &gateway.Error{Kind: gateway.KindRateLimited, RetryAfter: 90 * time.Second},
		}, 503, core.ReasonProviderBusy, "90"},
		"lost provider": {core.NewError(core.CodeUnavailable, core.ReasonProviderUnreachable, ""), 502, core.ReasonProviderUnreachable, ""},
	} {
		p := problemOf(c.err, core.Portuguese)
		if p.Status != c.status || p.Code != string(c.code) || p.headers.Get("Retry-After") != c.retryAfter {
			t.Errorf("%s: %d %s Retry-After %q", name, p.Status, p.Code, p.headers.Get("Retry-After"))
		}
		if p.Title != http.StatusText(c.status) || p.Detail == "" || strings.Contains(p.Detail, "hunter2") {
			t.Errorf("%s: title %q, detail %q", name, p.Title, p.Detail)
		}
	}
	if got := problemOf(core.NewError(core.CodeConflict, core.ReasonAlreadyConnected, ""), core.Portuguese).Detail; got != "Você já tem um WhatsApp conectado" {
		t.Errorf("the original product's sentence is now %q", got)
	}
}

func TestAPanicIsAProblem(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	s := &server{log: slog.New(slog.NewTextHandler(&log, nil))}
	router := gin.New()
	router.Use(s.logRequest, s.recoverPanic)
	router.GET("/boom/:id", func(c *gin.Context) {
		if c.Param("id") == "text" {
			panic("hunter2")
		}
		var nothing []int
		_ = nothing[len(c.Param("id"))]
	})
	for path, logged := range map[string]string{"/boom/text": "panic=string", "/boom/index": "index out of range"} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Header.Set("Authorization", "Bearer hunter2")
		router.ServeHTTP(w, r)
		if w.Code != 500 || w.Header().Get("Content-Type") != problemType || !strings.Contains(w.Body.String(), `"code":"internal"`) {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
		if !strings.Contains(log.String(), logged) || strings.Contains(log.String(), "hunter2") || !strings.Contains(log.String(), "route=/boom/:id") {
			t.Errorf("%s: the log is %s", path, &log)
		}
	}
}

// A body that breaks off is worth another try; the status must say so.
func TestABrokenBodyIsNotFinal(t *testing.T) {
	t.Parallel()
	s := &server{log: slog.New(slog.DiscardHandler), options: Options{MaxBodyBytes: 100}}
	router := gin.New()
	router.POST("/", s.limitBody, func(c *gin.Context) { c.Status(http.StatusNoContent) })
	for name, c := range map[string]struct {
		body   io.Reader
		status int
	}{
		"whole":       {strings.NewReader(strings.Repeat("x", 100)), 204},
		"over":        {io.MultiReader(strings.NewReader(strings.Repeat("x", 101))), 413},
		"breaks off":  {io.MultiReader(strings.NewReader("{"), iotest.ErrReader(io.ErrUnexpectedEOF)), 503},
		"never comes": {iotest.ErrReader(os.ErrDeadlineExceeded), 503},
	} {
		w := httptest.NewRecorder()
		router.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/", c.body))
		if w.Code != c.status {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
}

// A length over the limit is refused without a byte being read.
func TestATruthfulLengthIsEnough(t *testing.T) {
	t.Parallel()
	s := &server{log: slog.New(slog.DiscardHandler), options: Options{MaxBodyBytes: 100}}
	router := gin.New()
	router.POST("/", s.limitBody)
	r := httptest.NewRequest(http.MethodPost, "/", iotest.ErrReader(errors.New("the body was read")))
	r.ContentLength = 101
	w := httptest.NewRecorder()
	if router.ServeHTTP(w, r); w.Code != 413 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// Providers repeat a webhook or give up by the status alone.
func TestWebhookStatuses(t *testing.T) {
	t.Parallel()
	s := &server{log: slog.New(slog.DiscardHandler)}
	var refusals []string
	for _, c := range []struct {
		err    error
		status int
	}{
		{nil, 200},
		{core.NewError(core.CodeUnauthenticated, core.ReasonBadCredentials, "x"), 401},
		{core.NewError(core.CodeForbidden, core.ReasonAccountInactive, ""), 401},
		{core.ErrNotFound, 401},
		{core.NewError(core.CodeInvalid, core.ReasonMalformedBody, ""), 400},
		{core.InvalidField("instance", core.ReasonInstanceMismatch, ""), 422},
		{core.InvalidField("event", core.ReasonInvalidField, "event"), 422},
		{core.NewError(core.CodeRateLimited, "", ""), 429},
		{core.ErrUnavailable, 503},
		{core.ErrConflict, 503},
		{core.ErrPrecondition, 503},
		{context.DeadlineExceeded, 503},
		{errors.New("anything"), 500},
	} {
		w := httptest.NewRecorder()
		gc, _ := gin.CreateTestContext(w)
		gc.Request = httptest.NewRequest(http.MethodPost, "/", nil)
		s.answerWebhook(gc, c.err)
		if w.Code != c.status || (c.status == 429 || c.status == 503) && w.Header().Get("Retry-After") == "" {
			t.Errorf("%v: %d %s", c.err, w.Code, w.Body)
		}
		if c.status == 401 {
			refusals = append(refusals, w.Body.String())
		}
	}
	for _, body := range refusals {
		if body != refusals[0] {
			t.Errorf("a 401 differs: %s", body)
		}
	}
}

// Every code of the core has a status and a reason of its own.
func TestEveryCodeIsMapped(t *testing.T) {
	t.Parallel()
	for _, code := range []core.Code{
		core.CodeInvalid, core.CodeUnauthenticated, core.CodeForbidden, core.CodeNotFound, core.CodeConflict,
		core.CodePrecondition, core.CodeUnsupported, core.CodeRateLimited, core.CodeUnavailable, core.CodeCanceled,
		core.CodeInternal,
	} {
		p := problemOf(&core.Error{Code: code}, core.English)
		if p.Status < 400 || p.Code == "" || p.Detail == "" {
			t.Errorf("%s: %+v", code, p)
		}
	}
}
