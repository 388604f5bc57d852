package httpapi

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/autopromo-cloud/autopromo/adapters/httpapi/internal/console"
	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/core/affiliate"
)

func (v *visit) showRules() error {
	s := v.view.Account.Settings
	return v.rules(http.StatusOK, console.SettingsForm(s), s.AllowedStores, s.BlockedStores)
}

func (v *visit) rules(status int, f console.Form, allowed, blocked []string) error {
	inst, err := v.tenant.LastInstance(v.ctx)
	if err != nil && core.CodeOf(err) != core.CodeNotFound {
		return err
	}
	page := console.Rules{Form: f, Allowed: allowed, Blocked: blocked, Settings: v.view.Account.Settings, LinkedAt: inst.LinkedAt}
	for _, store := range v.engine.Stores() {
		if _, network := store.(affiliate.Network); !network {
			page.Shops = append(page.Shops, console.Choice{Value: store.Slug(), Name: store.Name()})
		}
	}
	return v.show(status, v.view.Rules(page))
}

func (v *visit) saveRules() error {
	change, err := v.settingsChange()
	if err == nil {
		_, err = v.tenant.ChangeSettings(v.ctx, change.apply)
	}
	field, sentence, ok := v.refused(err)
	switch {
	case ok:
		f := v.typed()
		f.Fault = sentence
		if field != "" {
			f.Faults[field] = sentence
		}
		form := v.Request.PostForm
		return v.rules(http.StatusUnprocessableEntity, f, form["allowed_stores"], form["blacklist_stores"])
	case err != nil:
		return err
	}
	v.notify("saved")
	v.leadTo("/rules")
	return nil
}

// settingsChange reads the whole form: what is not picked in it is off.
func (v *visit) settingsChange() (c settingsChange, err error) {
	number := func(name string) *int64 {
		n, parseErr := strconv.ParseInt(v.field(name), 10, 32)
		if (parseErr != nil || n < 0) && err == nil {
			err = core.InvalidField(name, core.ReasonInvalidField, v.field(name))
		}
		return &n
	}
	small := func(name string) *int { n := int(*number(name)); return &n }
	text := func(name string) *string { s := v.field(name); return &s }
	picked := func(name string) *bool { on := v.field(name) != ""; return &on }
	price := func(name string) *int64 {
		cents, ok := parseReais(v.field(name))
		if !ok && err == nil {
			err = core.InvalidField(name, core.ReasonInvalidField, v.field(name))
		}
		return &cents
	}
	list := func(name string) []string { return append([]string{}, v.Request.PostForm[name]...) }
	lines := func(name string) []string {
		words := []string{}
		for line := range strings.Lines(v.field(name)) {
			if line = strings.TrimSpace(line); line != "" {
				words = append(words, line)
			}
		}
		return words
	}
	// Browsers send a time with seconds when it has some.
	clock := func(name string) *string {
		s := v.field(name)
		if t, err := time.Parse(time.TimeOnly, s); err == nil {
			s = t.Format("15:04")
		}
		return &s
	}
	c = settingsChange{
		WindowStart: clock("window_start"), WindowEnd: clock("window_end"), TimeZone: text("time_zone"),
		MinDelay: number("min_delay_seconds"), GapMin: number("gap_min_seconds"), GapMax: number("gap_max_seconds"),
		PerMinute: small("max_messages_per_minute"), PerHour: small("max_messages_per_hour"), PerDay: small("max_messages_per_day"),
		WarmUp: picked("warm_up"), RepostHours: number("repost_window_hours"), MaxAgeMinutes: number("max_age_minutes"),
		TextHours: number("text_window_hours"), AllowedStores: list("allowed_stores"), BlockedStores: list("blacklist_stores"),
		RequireWords: lines("require_words"), BlockWords: lines("block_words"),
		MinPrice: price("min_price_cents"), MaxPrice: price("max_price_cents"), MinDiscount: small("min_discount_percent"),
		ForeignLinks: text("foreign_links"), PartialLinks: text("partial_links"),
		CleanRepeats: picked("clean_repeats"), SubIDs: picked("sub_ids"), Unproven: text("unproven"),
	}
	return c, err
}

// parseReais reads an amount as a form has it, "1299,90" or "1.299,90" or "1299", in
// centavos. Nothing typed is no bound.
func parseReais(text string) (cents int64, ok bool) {
	text = strings.TrimSpace(strings.TrimPrefix(text, "R$"))
	if text == "" {
		return 0, true
	}
	whole, fraction, _ := strings.Cut(strings.ReplaceAll(text, ".", ""), ",")
	for len(fraction) < 2 {
		fraction += "0"
	}
	n, err := strconv.ParseUint(whole+fraction, 10, 40)
	return int64(n), err == nil && len(fraction) == 2 && whole != ""
}
