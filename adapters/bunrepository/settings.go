package bunrepository

import (
	"time"

	"github.com/autopromo-cloud/autopromo/core"
)

// settingsJSON is the stored form of core.Settings; durations are in nanoseconds.
type settingsJSON struct {
	TimeZone      string            `json:"time_zone"`
	WindowStart   int               `json:"window_start"`
	WindowEnd     int               `json:"window_end"`
	MinGap        time.Duration     `json:"min_gap"`
	MaxGap        time.Duration     `json:"max_gap"`
	GroupGap      time.Duration     `json:"group_gap"`
	PerMinute     int               `json:"per_minute"`
	PerHour       int               `json:"per_hour"`
	PerDay        int               `json:"per_day"`
	WarmUp        bool              `json:"warm_up"`
	RepostWindow  time.Duration     `json:"repost_window"`
	TextWindow    time.Duration     `json:"text_window"`
	MaxAge        time.Duration     `json:"max_age"`
	AllowedStores []string          `json:"allowed_stores,omitempty"`
	BlockedStores []string          `json:"blocked_stores,omitempty"`
	Words         wordsJSON         `json:"words"`
	MinPrice      int64             `json:"min_price_cents"`
	MaxPrice      int64             `json:"max_price_cents"`
	MinDiscount   int               `json:"min_discount_percent"`
	ForeignLinks  core.ForeignLinks `json:"foreign_links"`
	PartialLinks  core.PartialLinks `json:"partial_links"`
	CleanRepeats  bool              `json:"clean_repeats"`
	SubIDs        bool              `json:"sub_ids"`
	Unproven      core.Unproven     `json:"unproven"`
}

// wordsJSON is the stored form of core.WordRules.
type wordsJSON struct {
	Require []string `json:"require,omitempty"`
	Block   []string `json:"block,omitempty"`
}

func settingsForm(s core.Settings) settingsJSON {
	return settingsJSON{
		TimeZone: s.TimeZone, WindowStart: s.Window.Start, WindowEnd: s.Window.End,
		MinGap: s.Pacing.MinGap, MaxGap: s.Pacing.MaxGap, GroupGap: s.Pacing.GroupGap,
		PerMinute: s.Pacing.PerMinute, PerHour: s.Pacing.PerHour, PerDay: s.Pacing.PerDay,
		WarmUp: s.Pacing.WarmUp, RepostWindow: s.RepostWindow, TextWindow: s.TextWindow, MaxAge: s.MaxAge,
		AllowedStores: s.AllowedStores, BlockedStores: s.BlockedStores, Words: wordsJSON(s.Words),
		MinPrice: s.MinPrice.Cents, MaxPrice: s.MaxPrice.Cents, MinDiscount: s.MinDiscount,
		ForeignLinks: s.ForeignLinks, PartialLinks: s.PartialLinks,
		CleanRepeats: s.CleanRepeats, SubIDs: s.SubIDs, Unproven: s.Unproven,
	}
}

func (j settingsJSON) settings() core.Settings {
	return core.Settings{
		TimeZone: j.TimeZone,
		Window:   core.Window{Start: j.WindowStart, End: j.WindowEnd},
		Pacing: core.Pacing{
			MinGap: j.MinGap, MaxGap: j.MaxGap, GroupGap: j.GroupGap,
			PerMinute: j.PerMinute, PerHour: j.PerHour, PerDay: j.PerDay, WarmUp: j.WarmUp,
		},
		RepostWindow: j.RepostWindow, TextWindow: j.TextWindow, MaxAge: j.MaxAge,
		AllowedStores: j.AllowedStores, BlockedStores: j.BlockedStores, Words: core.WordRules(j.Words),
		MinPrice: core.Price{Cents: j.MinPrice}, MaxPrice: core.Price{Cents: j.MaxPrice}, MinDiscount: j.MinDiscount,
		ForeignLinks: j.ForeignLinks, PartialLinks: j.PartialLinks,
		CleanRepeats: j.CleanRepeats, SubIDs: j.SubIDs, Unproven: j.Unproven,
	}
}

func fromSettings(s core.Settings) (string, error) { return toJSON(settingsForm(s)) }

// toSettings reads over the defaults: a rule that came after the row was written has its
// default there, not zero.
func toSettings(text string) (core.Settings, error) {
	form := settingsForm(core.DefaultSettings())
	err := fromJSON(text, &form)
	return form.settings(), err
}

func fromWords(w core.WordRules) (string, error) { return toJSON(wordsJSON(w)) }

func toWords(text string) (core.WordRules, error) {
	var form wordsJSON
	err := fromJSON(text, &form)
	return core.WordRules(form), err
}
