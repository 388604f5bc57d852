package httpapi

import (
	"context"
	"fmt"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
)

// settingsJSON is config_json on the wire.
type settingsJSON struct {
	WindowStart   string   `json:"window_start" example:"08:00" doc:"Start of the sending hours, HH:MM in time_zone"`
	WindowEnd     string   `json:"window_end" example:"22:00" doc:"End of the sending hours; before the start it spans midnight, equal to it the whole day"`
	TimeZone      string   `json:"time_zone" example:"America/Sao_Paulo"`
	MinDelay      int64    `json:"min_delay_seconds" doc:"Least time between two messages to one group"`
	GapMin        int64    `json:"gap_min_seconds" doc:"Least time between any two messages"`
	GapMax        int64    `json:"gap_max_seconds" doc:"Most time between two messages while there is work"`
	PerMinute     int      `json:"max_messages_per_minute" doc:"Of all groups together"`
	PerHour       int      `json:"max_messages_per_hour" doc:"Of all groups together"`
	PerDay        int      `json:"max_messages_per_day" doc:"Of all groups together; lower while warm_up lasts"`
	WarmUp        bool     `json:"warm_up" doc:"Raise the daily limit slowly in a number's first days"`
	RepostHours   int64    `json:"repost_window_hours" doc:"How long one product does not go to the same group again"`
	MaxAgeMinutes int64    `json:"max_age_minutes" doc:"Older messages are not reposted, older deliveries expire"`
	TextHours     int64    `json:"text_window_hours" doc:"The same for near-identical texts"`
	AllowedStores []string `json:"allowed_stores" nullable:"false" doc:"When not empty, only these stores are reposted"`
	BlockedStores []string `json:"blacklist_stores" nullable:"false" doc:"Slugs of stores never reposted"`
	RequireWords  []string `json:"require_words" nullable:"false" doc:"When not empty, a message needs one of these words"`
	BlockWords    []string `json:"block_words" nullable:"false" doc:"A message with one of these words is held"`
	MinPrice      int64    `json:"min_price_cents" doc:"In centavos; 0 for no bound"`
	MaxPrice      int64    `json:"max_price_cents" doc:"In centavos; 0 for no bound"`
	MinDiscount   int      `json:"min_discount_percent" doc:"0 for no bound"`
	ForeignLinks  string   `json:"foreign_links" enum:"drop,hold" doc:"What happens to invite and channel links, and lines that advertise them, beside a product"`
	PartialLinks  string   `json:"partial_links" enum:"hold,drop" doc:"What happens when only some product links of a message convert"`
	CleanRepeats  bool     `json:"clean_repeats" doc:"Remove repeated titles and links"`
	SubIDs        bool     `json:"sub_ids" doc:"Mark links with the group and the offer, where the programme reports it"`
	Unproven      string   `json:"unproven" enum:"at_most_once,at_least_once" doc:"What happens to a send whose outcome stays unknown"`
}

func settingsOf(s core.Settings) settingsJSON {
	clock := func(minutes int) string { return fmt.Sprintf("%02d:%02d", minutes/60, minutes%60) }
	p := s.Pacing
	return settingsJSON{
		WindowStart: clock(s.Window.Start), WindowEnd: clock(s.Window.End), TimeZone: s.TimeZone,
		MinDelay: int64(p.GroupGap / time.Second), GapMin: int64(p.MinGap / time.Second), GapMax: int64(p.MaxGap / time.Second),
		PerMinute: p.PerMinute, PerHour: p.PerHour, PerDay: p.PerDay, WarmUp: p.WarmUp,
		RepostHours: int64(s.RepostWindow / time.Hour), MaxAgeMinutes: int64(s.MaxAge / time.Minute),
		TextHours:     int64(s.TextWindow / time.Hour),
		AllowedStores: append([]string{}, s.AllowedStores...), BlockedStores: append([]string{}, s.BlockedStores...),
		RequireWords: append([]string{}, s.Words.Require...), BlockWords: append([]string{}, s.Words.Block...),
		MinPrice: s.MinPrice.Cents, MaxPrice: s.MaxPrice.Cents, MinDiscount: s.MinDiscount,
		ForeignLinks: string(s.ForeignLinks), PartialLinks: string(s.PartialLinks),
		CleanRepeats: s.CleanRepeats, SubIDs: s.SubIDs, Unproven: string(s.Unproven),
	}
}

// settingsChange is a change of some settings. What is missing or null stays. The bounds
// only keep durations from overflowing; the rules are core.Settings.Validate.
type settingsChange struct {
	WindowStart   *string  `json:"window_start,omitempty" example:"08:00" doc:"Start of the sending hours, HH:MM"`
	WindowEnd     *string  `json:"window_end,omitempty" example:"22:00" doc:"End of the sending hours, HH:MM"`
	TimeZone      *string  `json:"time_zone,omitempty" maxLength:"64" doc:"An IANA name, such as America/Sao_Paulo"`
	MinDelay      *int64   `json:"min_delay_seconds,omitempty" minimum:"0" maximum:"999999" doc:"30 to 86400"`
	GapMin        *int64   `json:"gap_min_seconds,omitempty" minimum:"0" maximum:"999999" doc:"5 to 3600"`
	GapMax        *int64   `json:"gap_max_seconds,omitempty" minimum:"0" maximum:"999999" doc:"gap_min_seconds to 7200"`
	PerMinute     *int     `json:"max_messages_per_minute,omitempty" minimum:"0" maximum:"999999" doc:"1 to 12"`
	PerHour       *int     `json:"max_messages_per_hour,omitempty" minimum:"0" maximum:"999999" doc:"1 to 240"`
	PerDay        *int     `json:"max_messages_per_day,omitempty" minimum:"0" maximum:"999999" doc:"1 to 2000"`
	WarmUp        *bool    `json:"warm_up,omitempty" doc:"Raise the daily limit slowly in a number's first days"`
	RepostHours   *int64   `json:"repost_window_hours,omitempty" minimum:"0" maximum:"999999" doc:"0 to 720"`
	MaxAgeMinutes *int64   `json:"max_age_minutes,omitempty" minimum:"0" maximum:"999999" doc:"1 to 10080"`
	TextHours     *int64   `json:"text_window_hours,omitempty" minimum:"0" maximum:"999999" doc:"0 to 720"`
	AllowedStores []string `json:"allowed_stores,omitempty" maxItems:"100" doc:"Slugs, or domains of merchants without one; replaces the whole list, an empty one allows all"`
	BlockedStores []string `json:"blacklist_stores,omitempty" maxItems:"100" doc:"The same for stores never reposted"`
	RequireWords  []string `json:"require_words,omitempty" maxItems:"100" doc:"Replaces the whole list; without regard to case and accents"`
	BlockWords    []string `json:"block_words,omitempty" maxItems:"100" doc:"Replaces the whole list; without regard to case and accents"`
	MinPrice      *int64   `json:"min_price_cents,omitempty" minimum:"0" maximum:"1000000000" doc:"In centavos; 0 for no bound"`
	MaxPrice      *int64   `json:"max_price_cents,omitempty" minimum:"0" maximum:"1000000000" doc:"In centavos; 0 for no bound"`
	MinDiscount   *int     `json:"min_discount_percent,omitempty" minimum:"0" maximum:"99" doc:"0 for no bound"`
	ForeignLinks  *string  `json:"foreign_links,omitempty" enum:"drop,hold" doc:"What happens to invite and channel links, and lines that advertise them, beside a product"`
	PartialLinks  *string  `json:"partial_links,omitempty" enum:"hold,drop" doc:"What happens when only some product links of a message convert: hold it, or post it without those lines"`
	CleanRepeats  *bool    `json:"clean_repeats,omitempty" doc:"Remove repeated titles and links"`
	SubIDs        *bool    `json:"sub_ids,omitempty" doc:"Mark links with the group and the offer, where the programme reports it"`
	Unproven      *string  `json:"unproven,omitempty" enum:"at_most_once,at_least_once" doc:"What happens to a send whose outcome stays unknown: maybe missing, or maybe twice"`

	Nested *settingsChange `json:"config_json,omitempty" doc:"The same keys, as the original product nests them"`
}

type settingsInput struct{ Body settingsChange }

func changeSettings(ctx context.Context, c caller, in *settingsInput) (userResponse, error) {
	tenant, err := c.ChangeSettings(ctx, func(s *core.Settings) error {
		if nested := in.Body.Nested; nested != nil {
			if nested.Nested != nil {
				return core.InvalidField("config_json", core.ReasonUnknownField, "config_json.config_json")
			}
			if err := nested.apply(s); err != nil {
				return err
			}
		}
		return in.Body.apply(s)
	})
	if err != nil {
		return userResponse{}, err
	}
	return userOf(tenant), nil
}

func (c settingsChange) apply(s *core.Settings) error {
	for _, clock := range []struct {
		field string
		text  *string
		to    *int
	}{{"window_start", c.WindowStart, &s.Window.Start}, {"window_end", c.WindowEnd, &s.Window.End}} {
		if clock.text == nil {
			continue
		}
		t, err := time.Parse("15:04", *clock.text)
		if err != nil || len(*clock.text) != len("15:04") {
			return core.InvalidField(clock.field, core.ReasonInvalidTime, "")
		}
		*clock.to = t.Hour()*60 + t.Minute()
	}
	span := func(to *time.Duration, n *int64, unit time.Duration) {
		if n != nil {
			*to = time.Duration(*n) * unit
		}
	}
	span(&s.Pacing.GroupGap, c.MinDelay, time.Second)
	span(&s.Pacing.MinGap, c.GapMin, time.Second)
	span(&s.Pacing.MaxGap, c.GapMax, time.Second)
	span(&s.RepostWindow, c.RepostHours, time.Hour)
	span(&s.MaxAge, c.MaxAgeMinutes, time.Minute)
	set(&s.Pacing.PerMinute, c.PerMinute)
	set(&s.Pacing.PerHour, c.PerHour)
	set(&s.Pacing.PerDay, c.PerDay)
	set(&s.Pacing.WarmUp, c.WarmUp)
	set(&s.TimeZone, c.TimeZone)
	span(&s.TextWindow, c.TextHours, time.Hour)
	set(&s.MinPrice.Cents, c.MinPrice)
	set(&s.MaxPrice.Cents, c.MaxPrice)
	set(&s.MinDiscount, c.MinDiscount)
	set(&s.CleanRepeats, c.CleanRepeats)
	set(&s.SubIDs, c.SubIDs)
	set((*string)(&s.ForeignLinks), c.ForeignLinks)
	set((*string)(&s.PartialLinks), c.PartialLinks)
	set((*string)(&s.Unproven), c.Unproven)
	setList(&s.AllowedStores, c.AllowedStores)
	setList(&s.BlockedStores, c.BlockedStores)
	setList(&s.Words.Require, c.RequireWords)
	setList(&s.Words.Block, c.BlockWords)
	return nil
}

func set[T any](to *T, value *T) {
	if value != nil {
		*to = *value
	}
}

// setList replaces a list, also by an empty one; a missing or null one changes nothing.
func setList(to *[]string, list []string) {
	if list != nil {
		*to = list
	}
}
