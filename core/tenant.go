package core

import (
	"strings"
	"time"
	"unicode"
)

// Tenant is one customer.
type Tenant struct {
	ID           TenantID
	Email        string // as [NormalizeEmail] gives it; unique
	FullName     string
	PasswordHash Secret // a PHC string; empty when the embedder authenticates its own users
	Active       bool   // an inactive tenant cannot log in, and nothing of it is processed or sent
	Operator     bool   // may look after the installation
	Limits       Limits // set by an operator
	Session      int    // raised to end every session of the tenant
	Settings     Settings
	CreatedAt    time.Time
}

// Settings are the rules a tenant can change.
type Settings struct {
	// TimeZone is the IANA name in which Window is read and days are counted.
	TimeZone string
	// Window is the part of the day in which messages go out.
	Window Window
	// Pacing keeps the tenant's number at a human rhythm.
	Pacing Pacing
	// RepostWindow is how long the same product does not go to the same destination again.
	RepostWindow time.Duration
	// MaxAge is how old a message may be when it arrives, and how long a delivery may wait.
	MaxAge time.Duration
	// TextWindow is the same for near-identical texts.
	TextWindow time.Duration
	// AllowedStores, when not empty, are the only ones reposted; BlockedStores never are.
	// Both hold slugs, or the domain of a merchant without one.
	AllowedStores, BlockedStores []string
	// Words must, or must not, be in a message.
	Words WordRules
	// MinPrice and MaxPrice bound the price, MinDiscount is the least discount in percent;
	// zero means no bound. A message whose price or discount is unclear breaks the bound.
	MinPrice, MaxPrice Price
	MinDiscount        int
	// ForeignLinks says what happens to invite and channel links beside a product, and to
	// the lines that advertise them.
	ForeignLinks ForeignLinks
	// PartialLinks says what happens when only some product links of a message convert.
	PartialLinks PartialLinks
	// CleanRepeats removes repeated titles and links, as copied link cards leave behind.
	CleanRepeats bool
	// SubIDs marks links with the group and offer they were posted in, where the programme
	// reports it.
	SubIDs bool
	// Unproven says what happens to a send whose outcome stays unknown.
	Unproven Unproven
}

// Window is a part of the day in minutes after local midnight. Start > End spans midnight;
// Start == End means the whole day.
type Window struct{ Start, End int }

// Pacing is a rhythm of sends; PerMinute, PerHour and PerDay are the most messages of the
// instance in that time, the day being the tenant's own. The defaults follow reported practice: nobody publishes
// limits for linked devices, so they lower the risk of a ban and remove nothing.
type Pacing struct {
	MinGap    time.Duration // least time between two sends of the instance
	MaxGap    time.Duration // most time between them while there is work
	GroupGap  time.Duration // least time between two sends to one group
	PerMinute int
	PerHour   int
	PerDay    int
	WarmUp    bool // raise the daily cap slowly in the first days of a number
}

// WordRules filter messages by words, without regard to case or accents. A rule may hold
// several words ("frete gratis"), which then have to follow each other.
type WordRules struct {
	// Require lists words of which at least one must be there; empty requires nothing.
	Require []string
	// Block lists words of which none may be there.
	Block []string
}

// PartialLinks is a policy for messages of which only some product links convert.
type PartialLinks string

// The policies for messages that convert in part.
const (
	HoldPartial PartialLinks = "hold" // hold the offer
	DropPartial PartialLinks = "drop" // post without the lines of the others
)

// ForeignLinks is a policy for invite and channel links.
type ForeignLinks string

// The policies for invite and channel links.
const (
	DropForeignLinks ForeignLinks = "drop" // remove their lines
	HoldForeignLinks ForeignLinks = "hold" // hold the offer
)

// Unproven is a policy for sends whose outcome stays unknown.
type Unproven string

// The policies for unknown outcomes.
const (
	AtMostOnce  Unproven = "at_most_once"  // park as unconfirmed: maybe missing, never twice
	AtLeastOnce Unproven = "at_least_once" // send again: never missing, maybe twice
)

// Limits of settings. Floors protect the number; they cannot be switched off by a tenant.
const (
	MinGapFloor   = 5 * time.Second
	GroupGapFloor = 30 * time.Second
	PerDayCeiling = 2000
)

// DefaultSettings are safe for a number that has just been linked.
func DefaultSettings() Settings {
	return Settings{
		TimeZone: "America/Sao_Paulo",
		Window:   Window{Start: 8 * 60, End: 22 * 60},
		Pacing: Pacing{
			MinGap: 20 * time.Second, MaxGap: 45 * time.Second, GroupGap: 90 * time.Second,
			PerMinute: 3, PerHour: 60, PerDay: 400, WarmUp: true,
		},
		RepostWindow: 24 * time.Hour,
		TextWindow:   24 * time.Hour,
		MaxAge:       6 * time.Hour,
		ForeignLinks: DropForeignLinks,
		PartialLinks: HoldPartial,
		CleanRepeats: true,
		Unproven:     AtMostOnce,
	}
}

// Validate returns the first rule the settings break, as a CodeInvalid error that names
// the field by its wire name.
func (s Settings) Validate() error {
	if _, err := time.LoadLocation(s.TimeZone); err != nil || s.TimeZone == "" {
		return InvalidField("time_zone", ReasonInvalidTimeZone, s.TimeZone)
	}
	p := s.Pacing
	for _, rule := range []struct {
		field string
		ok    bool
		say   string
	}{
		{"window_start", s.Window.Start >= 0 && s.Window.Start < 24*60, "00:00–23:59"},
		{"window_end", s.Window.End >= 0 && s.Window.End < 24*60, "00:00–23:59"},
		{"gap_min_seconds", p.MinGap >= MinGapFloor && p.MinGap <= time.Hour, "5–3600"},
		{"gap_max_seconds", p.MaxGap >= p.MinGap && p.MaxGap <= 2*time.Hour, "gap_min_seconds–7200"},
		{"min_delay_seconds", p.GroupGap >= GroupGapFloor && p.GroupGap <= 24*time.Hour, "30–86400"},
		{"max_messages_per_minute", p.PerMinute >= 1 && p.PerMinute <= 12, "1–12"},
		{"max_messages_per_hour", p.PerHour >= 1 && p.PerHour <= 240, "1–240"},
		{"max_messages_per_day", p.PerDay >= 1 && p.PerDay <= PerDayCeiling, "1–2000"},
		{"repost_window_hours", s.RepostWindow >= 0 && s.RepostWindow <= 30*24*time.Hour, "0–720"},
		{"max_age_minutes", s.MaxAge >= time.Minute && s.MaxAge <= 7*24*time.Hour, "1–10080"},
		{"text_window_hours", s.TextWindow >= 0 && s.TextWindow <= 30*24*time.Hour, "0–720"},
		{"blacklist_stores", len(s.BlockedStores) <= 100, "≤ 100"},
		{"allowed_stores", len(s.AllowedStores) <= 100, "≤ 100"},
		{"require_words", validWords(s.Words.Require), "≤ 100"},
		{"block_words", validWords(s.Words.Block), "≤ 100"},
		{"min_price_cents", s.MinPrice.Cents >= 0 && s.MinPrice.Cents <= maxPriceRule, "≥ 0"},
		{"max_price_cents", s.MaxPrice.Cents >= 0 && s.MaxPrice.Cents <= maxPriceRule &&
			(s.MaxPrice.Cents == 0 || s.MaxPrice.Cents >= s.MinPrice.Cents), "≥ min_price_cents"},
		{"min_discount_percent", s.MinDiscount >= 0 && s.MinDiscount <= 99, "0–99"},
		{"partial_links", s.PartialLinks == HoldPartial || s.PartialLinks == DropPartial, "hold, drop"},
		{"foreign_links", s.ForeignLinks == DropForeignLinks || s.ForeignLinks == HoldForeignLinks, "drop, hold"},
		{"unproven", s.Unproven == AtMostOnce || s.Unproven == AtLeastOnce, "at_most_once, at_least_once"},
	} {
		if !rule.ok {
			return InvalidField(rule.field, ReasonOutOfRange, rule.field+" ("+rule.say+")")
		}
	}
	return nil
}

// maxPriceRule is R$ 10,000,000.00 in centavos: far above any promotion, far below overflow.
const maxPriceRule = 1_000_000_000

// Validate returns the first rule of w that is empty, too long or one too many, as a
// CodeInvalid error that names the field by its wire name.
func (w WordRules) Validate() error {
	switch {
	case !validWords(w.Require):
		return InvalidField("require_words", ReasonOutOfRange, "require_words (≤ 100)")
	case !validWords(w.Block):
		return InvalidField("block_words", ReasonOutOfRange, "block_words (≤ 100)")
	}
	return nil
}

func validWords(words []string) bool {
	for _, w := range words {
		if strings.TrimSpace(w) == "" || len(w) > 100 || strings.ContainsFunc(w, unicode.IsControl) {
			return false
		}
	}
	return len(words) <= 100
}

// Location is the tenant's time zone; UTC when the stored name is unknown to this machine.
func (s Settings) Location() *time.Location {
	loc, err := time.LoadLocation(s.TimeZone)
	if err != nil {
		return time.UTC
	}
	return loc
}

// NormalizeEmail returns the one stored form of an e-mail address: lower case, no
// surrounding space. Invisible or spaced characters and shapes that are no address are
// CodeInvalid.
func NormalizeEmail(s string) (string, error) {
	s = strings.ToLower(strings.TrimSpace(s))
	local, domain, ok := strings.Cut(s, "@")
	bad := !ok || local == "" || len(s) > 254 || strings.Contains(domain, "@") ||
		!strings.Contains(domain, ".") || strings.HasPrefix(domain, ".") || strings.HasSuffix(domain, ".") ||
		strings.ContainsFunc(s, func(r rune) bool {
			return r > unicode.MaxASCII || r <= ' ' || r == 0x7f || strings.ContainsRune(`<>()[]\,;:"`, r)
		})
	if bad {
		return "", InvalidField("email", ReasonInvalidEmail, "")
	}
	return s, nil
}
