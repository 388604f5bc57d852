package core

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"
)

func TestNewUUIDIsVersion7AndOrderedByTime(t *testing.T) {
	now := time.UnixMilli(1_795_443_655_123)
	a, err := NewUUID(now, strings.NewReader("0123456789abcdef"))
	if err != nil || !IsUUID(a) || a[14] != '7' || !strings.ContainsRune("89ab", rune(a[19])) {
		t.Fatalf("NewUUID = %q, %v; want a version 7 UUID", a, err)
	}
	b, _ := NewUUID(now.Add(time.Millisecond), strings.NewReader("0000000000000000"))
	if a >= b {
		t.Errorf("ids do not sort by time: %s, %s", a, b)
	}
	if _, err := NewUUID(now, strings.NewReader("short")); err == nil {
		t.Error("an exhausted source of randomness was not noticed")
	}
	for _, bad := range []string{"", strings.ToUpper(a), a + "0", "x" + a[1:], strings.ReplaceAll(a, "-", "0")} {
		if IsUUID(bad) {
			t.Errorf("IsUUID(%q) = true", bad)
		}
	}
}

func TestDeriveMessageID(t *testing.T) {
	a := DeriveMessageID([]byte("k"), "ab", "c")
	if len(a) != 22 || !strings.HasPrefix(string(a), "3EB0") || strings.ToUpper(string(a)) != string(a) {
		t.Errorf("id %q does not look like WhatsApp Web's", a)
	}
	if a != DeriveMessageID([]byte("k"), "ab", "c") {
		t.Error("the same keys gave two ids")
	}
	if a == DeriveMessageID([]byte("k"), "a", "bc") || a == DeriveMessageID([]byte("l"), "ab", "c") {
		t.Error("other keys gave the same id")
	}
}

func TestSecretNeverShowsItself(t *testing.T) {
	const canary = "canary-4711"
	s := NewSecret(canary)
	type holder struct{ S Secret }
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "s", s, "h", holder{s})
	asJSON, _ := json.Marshal(holder{s})
	shown := fmt.Sprintf("%v %+v %#v %s %q %x", s, holder{s}, holder{s}, s, s, s) + log.String() + string(asJSON)
	if strings.Contains(shown, canary) || strings.Contains(shown, fmt.Sprintf("%x", canary)) {
		t.Errorf("the secret was shown: %s", shown)
	}
	if s.Reveal() != canary {
		t.Error("Reveal lost the secret")
	}
}

func TestErrorsMatchByCode(t *testing.T) {
	err := fmt.Errorf("wrapped: %w", &Error{Code: CodeNotFound, Reason: ReasonNoInstance})
	if !errors.Is(err, ErrNotFound) || errors.Is(err, ErrConflict) || CodeOf(err) != CodeNotFound {
		t.Errorf("%v does not match by code", err)
	}
	if CodeOf(errors.New("x")) != CodeInternal || CodeOf(nil) != "" {
		t.Error("unknown errors must be internal, nil must have no code")
	}
}

func TestEveryReasonSpeaksBothLanguages(t *testing.T) {
	for _, r := range Reasons() {
		for _, l := range []Language{Portuguese, English} {
			with, without := r.Sentence(l, "X"), r.Sentence(l, "")
			if with == "" || with == string(r) || strings.Contains(with, "{detail}") || strings.Contains(without, "{detail}") {
				t.Errorf("%s in %s: %q, %q", r, l, with, without)
			}
		}
		if r.Sentence(Portuguese, "") == r.Sentence(English, "") {
			t.Errorf("%s has one sentence for two languages", r)
		}
	}
	if got := ReasonNoTag.Sentence(Portuguese, "Amazon"); got != "Você ainda não tem tag desta loja: Amazon." {
		t.Errorf("detail is not filled in: %q", got)
	}
}

func TestGroupJIDs(t *testing.T) {
	for _, good := range []string{"120363000000000001@g.us", "5511900000000-1600000000@g.us"} {
		if _, err := ParseGroupJID(good); err != nil {
			t.Errorf("%s refused: %v", good, err)
		}
	}
	for _, bad := range []string{
		"", "@g.us", "-@g.us", "1-@g.us", "120363@G.US", "5511999999999@s.whatsapp.net", "11@lid", "status@broadcast",
		"1@g.us,2@g.us", "1@g.us?instanceName=victim", " 1@g.us", "1@g.us ", "١@g.us", strings.Repeat("1", 90) + "@g.us",
	} {
		if _, err := ParseGroupJID(bad); CodeOf(err) != CodeInvalid {
			t.Errorf("%q accepted", bad)
		}
	}
}

func TestInstanceNames(t *testing.T) {
	name := InstanceName("01890000-0000-7000-8000-000000000001", "ab12cd")
	if name != "autopromo_01890000000070008000000000000001_ab12cd" || !ValidInstanceName(name) {
		t.Errorf("name %q", name)
	}
	for _, bad := range []string{"", "..", "a?b", "a b", "tenant‐c", "a\x00", "a\r\nX: 1", strings.Repeat("a", 65)} {
		if ValidInstanceName(bad) {
			t.Errorf("%q accepted", bad)
		}
	}
}

func TestNormalizeEmail(t *testing.T) {
	if got, err := NormalizeEmail("  Ana@Exemplo.COM "); err != nil || got != "ana@exemplo.com" {
		t.Errorf("got %q, %v", got, err)
	}
	for _, bad := range []string{"", "ana", "ana@", "@x.com", "ana@x", "a@x.com\u200b", "a b@x.com", "a@b@c.com", "a@.com", "ana@x.com,b@x.com"} {
		if _, err := NormalizeEmail(bad); CodeOf(err) != CodeInvalid {
			t.Errorf("%q accepted", bad)
		}
	}
}

func TestSettingsRules(t *testing.T) {
	if err := DefaultSettings().Validate(); err != nil {
		t.Fatalf("the defaults are invalid: %v", err)
	}
	for field, change := range map[string]func(*Settings){
		"time_zone":            func(s *Settings) { s.TimeZone = "Marte/Olimpo" },
		"window_start":         func(s *Settings) { s.Window.Start = -1 },
		"window_end":           func(s *Settings) { s.Window.End = 24 * 60 },
		"gap_min_seconds":      func(s *Settings) { s.Pacing.MinGap = time.Second },
		"gap_max_seconds":      func(s *Settings) { s.Pacing.MaxGap = s.Pacing.MinGap - 1 },
		"min_delay_seconds":    func(s *Settings) { s.Pacing.GroupGap = 0 },
		"max_messages_per_day": func(s *Settings) { s.Pacing.PerDay = 0 },
		"max_age_minutes":      func(s *Settings) { s.MaxAge = 0 },
		"foreign_links":        func(s *Settings) { s.ForeignLinks = "keep" },
		"unproven":             func(s *Settings) { s.Unproven = "" },
	} {
		s := DefaultSettings()
		change(&s)
		var e *Error
		if err := s.Validate(); !errors.As(err, &e) || e.Field != field {
			t.Errorf("breaking %s gave %v", field, err)
		}
	}
}

func TestPriceShowsTheBrazilianWay(t *testing.T) {
	for cents, want := range map[int64]string{0: "", 5: "R$ 0,05", 12990: "R$ 129,90", 129990: "R$ 1.299,90", 123456789: "R$ 1.234.567,89"} {
		if got := (Price{Cents: cents}).String(); got != want {
			t.Errorf("%d centavos shown as %q, want %q", cents, got, want)
		}
	}
}

func TestDeliveryMachine(t *testing.T) {
	if DeliveryDispatching.CanBecome(DeliveryExpired) || DeliverySent.CanBecome(DeliveryPending) ||
		DeliveryExpired.CanBecome(DeliveryPending) || DeliveryPending.CanBecome(DeliverySent) {
		t.Error("an arrow leads where a message could be lost or sent twice")
	}
	for _, s := range DeliveryStates() {
		if s != DeliveryPending && s.CanBecome(DeliveryDispatching) {
			t.Errorf("%s may be dispatched", s)
		}
	}
}

func TestInstanceMachine(t *testing.T) {
	now := time.Unix(1_795_443_655, 0)
	i := Instance{Status: InstanceConnecting, Provisioned: true}
	i.ShowQRCode("2@a", now)
	if i.QRCode != "2@a" {
		t.Fatal("the QR code was not shown")
	}
	i.Opened("5511900000000", now)
	if i.Status != InstanceConnected || i.QRCode != "" || !i.LinkedAt.Equal(now) {
		t.Errorf("after opening: %+v", i)
	}
	i.ShowQRCode("2@late", now)
	if i.QRCode != "" {
		t.Error("a late QR code took a working connection back")
	}
	i.Opened("5511911111111", now.Add(time.Hour))
	if !i.LinkedAt.Equal(now.Add(time.Hour)) {
		t.Error("another number did not start its warm-up anew")
	}
	i.Closed("", now)
	i.Provisioned = false
	i.Opened("", now)
	if i.Status != InstanceDisconnected {
		t.Error("a late event opened what the tenant disconnected")
	}
}

func TestOfferStatus(t *testing.T) {
	with := func(states ...DeliveryState) Offer {
		var o Offer
		for _, s := range states {
			o.Deliveries = append(o.Deliveries, Delivery{State: s})
		}
		return o
	}
	held := with(DeliverySent)
	held.Hold = &Hold{Reason: ReasonNoTag}
	for want, offers := range map[OfferStatus][]Offer{
		OfferHeld:      {held},
		OfferPending:   {with(DeliverySent, DeliveryPending), with(DeliveryAmbiguous), with(DeliveryDispatching)},
		OfferSent:      {with(DeliverySent, DeliveryCancelled), with(DeliveryUnconfirmed)},
		OfferDiscarded: {with(), with(DeliveryExpired, DeliveryFailed, DeliveryCancelled)},
	} {
		for _, o := range offers {
			if got := o.Status(); got != want {
				t.Errorf("%v is %s, want %s", o.Deliveries, got, want)
			}
		}
	}
}
