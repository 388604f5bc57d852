package resolver

import (
	"container/list"
	"sync"
	"time"
)

// cache keeps the outcomes of the links asked for last. It holds links and where they lead,
// the same for everybody, and nothing of those who asked.
type cache struct {
	size int

	mu      sync.Mutex
	entries map[string]*list.Element // of *entry, by link
	recent  *list.List               // the most recently used in front
}

type entry struct {
	link  string
	known answer
	until time.Time
}

// answer is where a link leads or why that is not known.
type answer struct {
	target string
	// landed says that the target is a page which sends nobody on, rather than an address
	// that the caller wanted: it answers whoever asks.
	landed bool
	err    error
}

// serves says whether the answer is one for a caller with this stop.
func (a answer) serves(stop func(string) bool) bool {
	return a.err != nil || a.landed || stop(a.target)
}

func newCache(size int) *cache {
	return &cache{size: size, entries: map[string]*list.Element{}, recent: list.New()}
}

// get returns what is known about link; ok is false when that is nothing.
func (c *cache) get(link string, now time.Time) (known answer, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	element, ok := c.entries[link]
	if !ok {
		return answer{}, false
	}
	e := element.Value.(*entry)
	if !now.Before(e.until) {
		c.remove(element)
		return answer{}, false
	}
	c.recent.MoveToFront(element)
	return e.known, true
}

func (c *cache) put(link string, known answer, until time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if old, ok := c.entries[link]; ok {
		c.remove(old)
	}
	c.entries[link] = c.recent.PushFront(&entry{link, known, until})
	if len(c.entries) > c.size {
		c.remove(c.recent.Back())
	}
}

func (c *cache) remove(element *list.Element) {
	delete(c.entries, element.Value.(*entry).link)
	c.recent.Remove(element)
}
