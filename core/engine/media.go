package engine

import (
	"context"
	"sync"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

// maxMediaBytes is WhatsApp's limit for photos and videos sent as such: 16 MiB.
const maxMediaBytes = 16 << 20

// mediaPatience is how old a delivery gets before its text goes alone because fetching the
// media fails for a time: alone is better than too late.
const mediaPatience = 10 * time.Minute

// fetchMedia gets the bytes that travel with a delivery. gone says that there were some and
// they cannot be had, so the text goes alone. An error means that the provider is out of
// reach, or asked to wait, which says nothing about the media.
func (t *Tenant) fetchMedia(ctx context.Context, gw gateway.Gateway, inst core.Instance, r repository.Ready) (m *gateway.Media, gone bool, err error) {
	if r.Media == nil || r.WithoutMedia {
		return nil, r.WithoutMedia, nil
	}
	fetcher, ok := gw.(gateway.MediaFetcher)
	if !ok {
		return nil, true, nil
	}
	if m := t.e.media.get(r.OfferID); m != nil {
		return m, false, nil
	}
	ctx, cancel := context.WithTimeout(ctx, mediaTimeout)
	defer cancel()
	fetched, err := fetcher.FetchMedia(ctx, t.e.session(inst), *r.Media, maxMediaBytes)
	switch gateway.KindOf(err) {
	case "":
		t.e.media.put(r.OfferID, &fetched)
		return &fetched, false, nil
	case gateway.KindTemporary:
		if t.e.now().Sub(r.CreatedAt) < mediaPatience {
			return nil, false, err
		}
	case gateway.KindNotConnected, gateway.KindLoggedOut, gateway.KindAuth,
		gateway.KindLicense, gateway.KindVersion, gateway.KindRateLimited, gateway.KindRestricted:
		return nil, false, err
	}
	t.log().Warn("the media cannot be had; the text goes alone", "offer_id", string(r.OfferID), "error", err)
	return nil, true, nil
}

// mediaCache keeps the media of the last few offers, so that an offer for many groups is
// fetched once.
type mediaCache struct {
	mu      sync.Mutex
	entries []mediaEntry // oldest first
}

type mediaEntry struct {
	offer core.OfferID
	media *gateway.Media
}

const mediaCacheEntries = 8 // at most 128 MiB

func (c *mediaCache) get(id core.OfferID) *gateway.Media {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, e := range c.entries {
		if e.offer == id {
			return e.media
		}
	}
	return nil
}

func (c *mediaCache) put(id core.OfferID, m *gateway.Media) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.entries) == mediaCacheEntries {
		c.entries = append(c.entries[:0], c.entries[1:]...)
	}
	c.entries = append(c.entries, mediaEntry{id, m})
}
