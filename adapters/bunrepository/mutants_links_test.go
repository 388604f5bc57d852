package bunrepository

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

// linkMutants break what links, their rules and their texts need.
var linkMutants = map[string]mutation{
	"finds links for any store":     {"MintedLinkIsFoundByEveryPart", findsWithout(func(m *core.MintedLink) { m.Store = "" })},
	"finds links for any target":    {"MintedLinkIsFoundByEveryPart", findsWithout(func(m *core.MintedLink) { m.Target = "" })},
	"finds links of any identity":   {"MintedLinkIsFoundByEveryPart", findsWithout(func(m *core.MintedLink) { m.TagPrint = "" })},
	"finds links for any group":     {"MintedLinkIsFoundByEveryPart", findsWithout(func(m *core.MintedLink) { m.SubID.Group = "" })},
	"finds links for any offer":     {"MintedLinkIsFoundByEveryPart", findsWithout(func(m *core.MintedLink) { m.SubID.Offer = "" })},
	"finds links of every tenant":   {"MintedLinksAreEachTenantsOwn", findsWithout(func(*core.MintedLink) {})},
	"finds the link that came last": {"NewestMintedLinkIsFound", findsWithout(func(*core.MintedLink) {})},
	"knows links of every tenant": {"MintedLinksAreEachTenantsOwn", tweaks{
		link: func(m *mutant, own repository.MintedLinks, link string) (core.MintedLink, error) {
			found, err := own.Get(anyContext, link)
			for _, other := range m.tenants() {
				if err != nil {
					found, err = m.Repository.Tenant(other).MintedLinks().Get(anyContext, link)
				}
			}
			return found, err
		}}},
	"does not mind the case of a link": {"MintedLinkIsStored", tweaks{
		link: func(m *mutant, own repository.MintedLinks, link string) (core.MintedLink, error) {
			for _, made := range m.minted {
				if strings.EqualFold(made.Link, link) {
					return made, nil
				}
			}
			return own.Get(anyContext, link)
		}}},
	"keeps the first record of a link": {"MintedLinkIsReplaced", tweaks{
		mint: func(l repository.MintedLinks, made core.MintedLink) error {
			if _, err := l.Get(anyContext, made.Link); err == nil {
				return nil
			}
			return l.Save(anyContext, made)
		}}},
	"keeps the first link for a target": {"NewestMintedLinkIsFound", tweaks{
		mint: func(l repository.MintedLinks, made core.MintedLink) error {
			if _, err := l.Find(anyContext, made.Store, made.Target, made.TagPrint, made.SubID); err == nil {
				return nil
			}
			return l.Save(anyContext, made)
		}}},

	"takes no key for a key": {"NearTextsAreFoundByKey", tweaks{
		save: onSave(func(_ repository.Offers, s *repository.SaveOffer) {
			if s.NearKey == "" {
				s.NearKey = "none"
			}
		}),
		near: func(_ *mutant, own repository.Offers, key string, since time.Time, limit int) ([]repository.NearText, error) {
			if key == "" {
				key = "none"
			}
			return own.Near(anyContext, key, since, limit)
		}}},
	"finds texts without a fingerprint": {"NearTextsAreFoundByKey", tweaks{
		save: onSave(func(_ repository.Offers, s *repository.SaveOffer) {
			if s.TextKey == "" {
				s.TextKey = "none"
			}
		})}},
	"finds offers without a text": {"NearTextsAreFoundByKey", tweaks{
		save: onSave(func(_ repository.Offers, s *repository.SaveOffer) {
			if s.Offer.FinalText == "" {
				s.Offer.FinalText = s.Offer.Text
			}
		})}},
	"finds near texts oldest first": {"NearTextsAreNewestFirst", tweaks{
		near: func(_ *mutant, own repository.Offers, key string, since time.Time, limit int) ([]repository.NearText, error) {
			out, err := own.Near(anyContext, key, since, limit)
			slices.Reverse(out)
			return out, err
		}}},
	"finds all near texts": {"NearTextsAreNewestFirst", tweaks{
		near: func(_ *mutant, own repository.Offers, key string, since time.Time, _ int) ([]repository.NearText, error) {
			return own.Near(anyContext, key, since, 1000)
		}}},
	"finds near texts of any age": {"NearTextsAreCreatedSince", tweaks{
		near: func(_ *mutant, own repository.Offers, key string, _ time.Time, limit int) ([]repository.NearText, error) {
			return own.Near(anyContext, key, time.Time{}, limit)
		}}},
	"keeps the keys of the first save": {"NearTextIsOfTheLastSave", tweaks{
		save: onSave(func(o repository.Offers, s *repository.SaveOffer) {
			if _, err := o.ByInbox(anyContext, s.Entry.ID); err == nil {
				s.NearKey = "old"
			}
		})}},
	"finds near texts of every tenant": {"NearTextsAreEachTenantsOwn", tweaks{
		near: func(m *mutant, _ repository.Offers, key string, since time.Time, limit int) (out []repository.NearText, err error) {
			for _, id := range slices.Compact(slices.Sorted(slices.Values(m.tenants()))) {
				texts, failed := m.Repository.Tenant(id).Offers().Near(anyContext, key, since, limit)
				out, err = append(out, texts...), errors.Join(err, failed)
			}
			return out, err
		}}},

	"bounds products like texts": {"RepostOfAProductIsCancelled", tweaks{
		save: onSave(func(_ repository.Offers, s *repository.SaveOffer) {
			s.RepostSince = s.TextSince
		})}},
	"bounds texts like products": {"RepostOfATextIsCancelled", tweaks{
		save: onSave(func(_ repository.Offers, s *repository.SaveOffer) {
			s.TextSince = s.RepostSince
		})}},
	"forgets word rules": {"SettingsAreSaved", tweaks{
		settings: func(a repository.Account, s core.Settings) error {
			s.Words = core.WordRules{}
			return a.SaveSettings(anyContext, s)
		}}},
	"takes false for the default": {"SettingsAreSaved", tweaks{
		settings: func(a repository.Account, s core.Settings) error {
			s.CleanRepeats = s.CleanRepeats || core.DefaultSettings().CleanRepeats
			return a.SaveSettings(anyContext, s)
		}}},
	"forgets the words of a source": {"SourcesAreStored", tweaks{
		source: func(s repository.Sources, source core.Source) error {
			source.Words = core.WordRules{}
			return s.Create(anyContext, source)
		}}},
	"takes the words of a discovered group": {"DiscoveryKeepsWhatIsKnown", tweaks{
		discover: func(s repository.Sources, groups []core.Source) ([]core.Source, error) {
			out, err := s.Discovered(anyContext, groups)
			for i := range out {
				out[i].Words = groups[i].Words
			}
			return out, err
		}}},
	"takes one flag for another": {"FactsAreStored", tweaks{
		save: onSave(func(_ repository.Offers, s *repository.SaveOffer) {
			s.Offer.AppOnly, s.Offer.FreeShipping = s.Offer.FreeShipping, s.Offer.AppOnly
		})}},
	"counts no cancelled deliveries": {"StatsCount", tweaks{
		stats: func(a repository.Account, dayStart time.Time) (core.Stats, error) {
			s, err := a.Stats(anyContext, dayStart)
			s.CancelledByReason = nil
			return s, err
		}}},
	"counts no skipped messages": {"StatsCount", tweaks{
		stats: func(a repository.Account, dayStart time.Time) (core.Stats, error) {
			s, err := a.Stats(anyContext, dayStart)
			s.SkippedByReason = nil
			return s, err
		}}},

	"remembers one text for all groups": {"CatchingUpIsPerDestination", tweaks{
		save: again(func(s *repository.SaveOffer, _ core.Offer) {
			for i := range s.Offer.Deliveries {
				s.Offer.Deliveries[i].Text = s.Offer.Deliveries[0].Text
			}
		})}},
	"remembers what was taken back": {"CatchingUpForgetsWhatWasTakenBack", tweaks{
		save: again(func(s *repository.SaveOffer, stored core.Offer) {
			s.Offer.Deliveries = slices.DeleteFunc(s.Offer.Deliveries, func(d core.Delivery) bool {
				return slices.ContainsFunc(stored.Deliveries, func(x core.Delivery) bool { return x.Text == d.Text })
			})
		})}},
	"remembers a text nobody wanted": {"CatchingUpTakesTheLastTextThatWasWanted", tweaks{
		save: again(func(s *repository.SaveOffer, stored core.Offer) {
			wanted := s.Offer.Deliveries
			for _, d := range stored.Deliveries {
				same := func(x core.Delivery) bool { return x.DestinationID == d.DestinationID }
				if d.Text = s.Offer.FinalText; !slices.ContainsFunc(wanted, same) {
					s.Offer.Deliveries = append(s.Offer.Deliveries, d)
				}
			}
		})}},
	"remembers the text without its product": {"CatchingUpTakesTheKeysToo", tweaks{
		save: again(func(s *repository.SaveOffer, stored core.Offer) { s.Offer.ProductKey = stored.ProductKey })}},
	"remembers the text without its fingerprint": {"CatchingUpTakesTheKeysToo", tweaks{
		save: again(func(s *repository.SaveOffer, _ core.Offer) { s.TextKey = "" })}},
}

// findsWithout finds the link that came last, of whatever tenant, without regard to a part.
func findsWithout(blank func(*core.MintedLink)) tweaks {
	return tweaks{made: func(m *mutant, asked core.MintedLink) (core.MintedLink, error) {
		blank(&asked)
		for _, made := range slices.Backward(m.minted) {
			parts := core.MintedLink{Store: made.Store, Target: made.Target, TagPrint: made.TagPrint, SubID: made.SubID}
			if blank(&parts); parts == asked {
				return made, nil
			}
		}
		return core.MintedLink{}, core.ErrNotFound
	}}
}

// again changes the saves of what has been saved before.
func again(change func(s *repository.SaveOffer, stored core.Offer)) func(repository.Offers, []repository.SaveOffer) ([]core.Offer, error) {
	return onSave(func(o repository.Offers, s *repository.SaveOffer) {
		if stored, err := o.ByInbox(anyContext, s.Entry.ID); err == nil {
			change(s, stored)
		}
	})
}

// onSave stores what change makes of each offer.
func onSave(change func(repository.Offers, *repository.SaveOffer)) func(repository.Offers, []repository.SaveOffer) ([]core.Offer, error) {
	return func(o repository.Offers, all []repository.SaveOffer) ([]core.Offer, error) {
		all = slices.Clone(all)
		for i := range all {
			change(o, &all[i])
		}
		return o.Save(anyContext, all...)
	}
}
