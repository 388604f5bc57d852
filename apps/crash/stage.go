package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"github.com/autopromo-cloud/autopromo/apps/internal/rest"
	"github.com/autopromo-cloud/autopromo/testkit/fakeevolution"
	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp"
	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp/endpoint"
)

const (
	providerKey = "chave-do-operador"
	password    = "uma senha bem boa"
	groupsEach  = 2
	// patience is for what comes about soon unless it never does.
	patience = 2 * time.Minute
	look     = 50 * time.Millisecond
)

// stage is a world with customers, and the product in front of it.
type stage struct {
	profile   string
	world     *fakewhatsapp.World
	evolution *fakeevolution.Server
	provider  *httptest.Server
	endpoint  *endpoint.Server // nil where WhatsApp is behind Evolution API
	meter     *meter
	fleet     *fleet
	ana       *fakewhatsapp.Phone
	customers []*customer
	random    *rand.Rand
	written   int // messages so far, and so the number of the last
}

// customer is a tenant with a source group, a phone and groups of its own.
type customer struct {
	*rest.Client
	name    string
	phone   *fakewhatsapp.Phone
	source  *fakewhatsapp.Group
	groups  []*fakewhatsapp.Group
	session string
	written int
}

func (c *customer) tag() string { return c.name + "-20" }

// openStage builds everything up to customers that are connected and have their groups.
func openStage(ctx context.Context, o options, profile, pacing, gateway, binary string) (s *stage, err error) {
	s = &stage{profile: profile, world: fakewhatsapp.New(fakewhatsapp.Options{}), meter: &meter{now: map[string]int{}, at: map[string][]time.Time{}}}
	// A twentieth of the real waits, a minute for all ten attempts, outlives restarts also where
	// this machine is slow.
	if s.evolution, err = fakeevolution.New(s.world, fakeevolution.Options{APIKey: providerKey, RetryScale: 0.05}); err != nil {
		return nil, err
	}
	s.provider = httptest.NewServer(s.meter.around(s.evolution))
	if s.ana, err = s.world.AddPhone("5511900000001", "Ana Ofertas"); err != nil {
		return nil, err
	}
	var env []string
	if gateway == whatsmeowGateway {
		if s.endpoint, err = endpoint.New(s.world); err != nil {
			return nil, err
		}
		reach, err := s.endpoint.Reach()
		if err != nil {
			return nil, err
		}
		env = append(env, "FAILPOINT_WHATSAPP="+reach)
	}
	s.fleet, err = openFleet(ctx, binary, profile, o.logs, append(env,
		gatewayVariable(gateway),
		"AUTOPROMO_EVOLUTION_URL="+s.provider.URL, "AUTOPROMO_EVOLUTION_API_KEY="+providerKey,
		"AUTOPROMO_PACING="+pacing, "AUTOPROMO_LOG_LEVEL=info", "FAILPOINT_HASTE=1",
	))
	if err != nil {
		return nil, err
	}
	s.fleet.env = append(s.fleet.env, "AUTOPROMO_PUBLIC_URL=http://"+s.fleet.address)
	for i := range 4 {
		if err := s.newCustomer(ctx, fmt.Sprintf("cliente%d", i)); err != nil {
			return nil, errors.Join(err, s.close())
		}
	}
	return s, nil
}

// gatewayVariable lists the ways to WhatsApp; Evolution API has its server in any case.
func gatewayVariable(gateway string) string {
	if gateway == evolutionGateway {
		return "AUTOPROMO_GATEWAY=" + evolutionGateway
	}
	return "AUTOPROMO_GATEWAY=" + gateway + "," + evolutionGateway
}

// newCustomer registers a tenant and takes it to where messages flow.
func (s *stage) newCustomer(ctx context.Context, name string) (err error) {
	c := &customer{name: name}
	if c.phone, err = s.world.AddPhone(fmt.Sprintf("55119%08d", len(s.customers)+2), name); err != nil {
		return err
	}
	if c.source, err = s.world.AddGroup(fakewhatsapp.GroupSpec{Subject: "Achados de " + name, Admins: []*fakewhatsapp.Phone{s.ana}}); err != nil {
		return err
	}
	c.source.Add(c.phone)
	if c.Client, err = rest.Register(ctx, "http://"+s.fleet.address, name+"@exemplo.com.br", password, name); err != nil {
		return err
	}
	var made struct {
		Name string `json:"instance_name"`
	}
	if err := c.Call(ctx, http.MethodPost, "/whatsapp/connect", map[string]string{}, &made); err != nil {
		return err
	}
	c.session = made.Name
	if err := s.scan(ctx, c); err != nil {
		return err
	}
	if err := until(ctx, "the session is open", func() (bool, error) {
		var status struct {
			Status string `json:"status"`
		}
		err := c.Call(ctx, http.MethodGet, "/whatsapp/status", nil, &status)
		return status.Status == "connected", err
	}); err != nil {
		return err
	}
	if err := c.Call(ctx, http.MethodPost, "/groups/source", map[string]string{"source_group_id": string(c.source.JID())}, nil); err != nil {
		return err
	}
	for i := range groupsEach {
		g, err := s.world.AddGroup(fakewhatsapp.GroupSpec{Subject: fmt.Sprintf("Ofertas %d de %s", i, name), Admins: []*fakewhatsapp.Phone{c.phone}})
		if err != nil {
			return err
		}
		c.groups = append(c.groups, g)
		if err := c.Call(ctx, http.MethodPost, "/groups/destination", map[string]string{"destination_group_id": string(g.JID())}, nil); err != nil {
			return err
		}
	}
	s.customers = append(s.customers, c)
	return c.Call(ctx, http.MethodPost, "/affiliate-tags", map[string]string{"store_slug": "amazon", "tag_code": c.tag()}, nil)
}

// scan has the customer's phone scan the QR code.
func (s *stage) scan(ctx context.Context, c *customer) error {
	if s.endpoint == nil {
		return s.evolution.Scan(c.session, c.phone)
	}
	var qr struct {
		Code string `json:"code"`
	}
	if err := c.Call(ctx, http.MethodGet, "/whatsapp/qr", nil, &qr); err != nil {
		return err
	}
	return s.endpoint.Scan(c.phone, c.session, qr.Code)
}

// write has Ana write n offers, a customer's turn after the other's.
func (s *stage) write(n int) error {
	for range n {
		if err := s.writeTo(s.customers[s.written%len(s.customers)]); err != nil {
			return err
		}
	}
	return nil
}

// writeTo has Ana write one offer in a customer's source group, with somebody else's link.
func (s *stage) writeTo(c *customer) error {
	s.written++
	c.written++
	_, err := s.ana.PostText(c.source.JID(), offerText(s.written, "rival-20"))
	return err
}

// invitation is a link that sells nothing: its message is a worker's to judge, and no offer.
const invitation = "https://chat.whatsapp.com/AbCdEfGhIjKlMnOpQrStUv"

// offerText is message n with a tag in its link.
func offerText(n int, tag string) string {
	return fmt.Sprintf("Oferta %d, corre!\nhttps://www.amazon.com.br/dp/B0%08d?tag=%s", n, n, tag)
}

// stats is what a customer's dashboard counts.
type stats struct {
	Offers     int            `json:"offers"`
	Deliveries map[string]int `json:"deliveries"`
	Inbox      map[string]int `json:"inbox"`
}

// settled waits until every message was taken in and every delivery came to an end.
func (s *stage) settled(ctx context.Context) error {
	return until(ctx, "everything has settled", func() (bool, error) {
		for _, c := range s.customers {
			var now stats
			if err := c.Call(ctx, http.MethodGet, "/dashboard/stats", nil, &now); err != nil {
				return false, err
			}
			waiting := now.Inbox["new"] + now.Inbox["claimed"] +
				now.Deliveries["pending"] + now.Deliveries["dispatching"] + now.Deliveries["ambiguous"]
			if now.Offers < c.written || waiting > 0 {
				return false, fmt.Errorf("%s has %d of %d offers, %v, %v", c.name, now.Offers, c.written, now.Inbox, now.Deliveries)
			}
		}
		return true, nil
	})
}

func (s *stage) close() error {
	var errs []error
	if s.fleet != nil {
		errs = append(errs, s.fleet.close())
	}
	s.evolution.Close()
	s.provider.Close()
	if s.endpoint != nil {
		s.endpoint.Close()
	}
	return errors.Join(errs...)
}

// errNever is a condition that did not come about.
var errNever = errors.New("never")

// until asks again and again; the last error says what was missing.
func until(ctx context.Context, what string, ok func() (bool, error)) error {
	late := time.NewTimer(patience)
	defer late.Stop()
	tick := time.NewTicker(look)
	defer tick.Stop()
	for {
		done, err := ok()
		if done {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-late.C:
			return fmt.Errorf("%w: %s: %w", errNever, what, errors.Join(err))
		case <-tick.C:
		}
	}
}

// meter watches the sends of each session from the provider's side.
type meter struct {
	mu   sync.Mutex
	now  map[string]int
	most int
	at   map[string][]time.Time
}

func (m *meter) around(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/message/send") {
			next.ServeHTTP(w, r)
			return
		}
		session := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
		m.mu.Lock()
		m.now[session]++
		m.most = max(m.most, m.now[session])
		m.at[session] = append(m.at[session], time.Now())
		m.mu.Unlock()
		defer func() {
			m.mu.Lock()
			defer m.mu.Unlock()
			m.now[session]--
		}()
		next.ServeHTTP(w, r)
	})
}

// take returns the most sends at once since the last time.
func (m *meter) take() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	most := m.most
	m.most = 0
	return most
}
