package console

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/core/policy"
)

// Rules is the page of the tenant's settings. Its form has a field for each, by the name the
// API gives it.
type Rules struct {
	Form
	// Shops are the stores that can be allowed or blocked.
	Shops []Choice
	// Allowed and Blocked are slugs, or domains of merchants without one.
	Allowed, Blocked []string
	// Settings are those in force.
	Settings core.Settings
	LinkedAt time.Time // of the number; zero when there is none
}

// Choice is one thing to pick.
type Choice struct{ Value, Name string }

// Zones are the time zones offered; any other that is stored is kept.
var zones = []Choice{
	{"America/Sao_Paulo", "Brasília (São Paulo, Rio, Sul, Nordeste)"},
	{"America/Manaus", "Amazonas (Manaus)"},
	{"America/Cuiaba", "Mato Grosso (Cuiabá)"},
	{"America/Rio_Branco", "Acre (Rio Branco)"},
	{"America/Noronha", "Fernando de Noronha"},
	{"Europe/Lisbon", "Lisboa"},
	{"America/New_York", "New York"},
	{"UTC", "UTC"},
}

func (r Rules) zones() []Choice {
	stored := r.Value("time_zone")
	if stored == "" || slices.ContainsFunc(zones, func(c Choice) bool { return c.Value == stored }) {
		return zones
	}
	return append(slices.Clone(zones), Choice{stored, stored})
}

// stores are the choices and what else is picked already.
func (r Rules) stores(picked []string) []Choice {
	all := slices.Clone(r.Shops)
	for _, slug := range picked {
		if !slices.ContainsFunc(all, func(c Choice) bool { return c.Value == slug }) {
			all = append(all, Choice{slug, slug})
		}
	}
	return all
}

// SettingsForm writes settings into the fields of a form.
func SettingsForm(s core.Settings) Form {
	clock := func(minutes int) string { return fmt.Sprintf("%02d:%02d", minutes/60, minutes%60) }
	whole := func(d, unit time.Duration) string { return strconv.FormatInt(int64(d/unit), 10) }
	yes := func(b bool) string {
		if b {
			return "on"
		}
		return ""
	}
	p := s.Pacing
	return Form{Values: map[string]string{
		"time_zone": s.TimeZone, "window_start": clock(s.Window.Start), "window_end": clock(s.Window.End),
		"gap_min_seconds": whole(p.MinGap, time.Second), "gap_max_seconds": whole(p.MaxGap, time.Second),
		"min_delay_seconds":       whole(p.GroupGap, time.Second),
		"max_messages_per_minute": strconv.Itoa(p.PerMinute), "max_messages_per_hour": strconv.Itoa(p.PerHour),
		"max_messages_per_day": strconv.Itoa(p.PerDay), "warm_up": yes(p.WarmUp),
		"repost_window_hours": whole(s.RepostWindow, time.Hour), "text_window_hours": whole(s.TextWindow, time.Hour),
		"max_age_minutes": whole(s.MaxAge, time.Minute),
		"require_words":   strings.Join(s.Words.Require, "\n"), "block_words": strings.Join(s.Words.Block, "\n"),
		"min_price_cents": reais(s.MinPrice), "max_price_cents": reais(s.MaxPrice),
		"min_discount_percent": strconv.Itoa(s.MinDiscount),
		"foreign_links":        string(s.ForeignLinks), "partial_links": string(s.PartialLinks),
		"clean_repeats": yes(s.CleanRepeats), "sub_ids": yes(s.SubIDs), "unproven": string(s.Unproven),
	}}
}

// reais writes a bound the way it is typed, "" for none.
func reais(p core.Price) string {
	if !p.Known() {
		return ""
	}
	return fmt.Sprintf("%d,%02d", p.Cents/100, p.Cents%100)
}

// today says how many messages may go out on the day that is shown.
func (v View) today(r Rules) string {
	daily := policy.DailyCap(r.Settings.Pacing, r.LinkedAt, v.Now, v.location())
	if daily < r.Settings.Pacing.PerDay {
		return v.Tf("Hoje até %d mensagens: o número ainda está aquecendo.", "Up to %d messages today: the number is still warming up.", daily)
	}
	return v.Tf("Hoje até %d mensagens.", "Up to %d messages today.", daily)
}
