package bunrepository

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

// boundPrograms sets how many random programs a test runs, and how long they are, unless
// the command line says otherwise: -rapid.checks, -rapid.steps. A failure names the seed
// that brings it back.
func boundPrograms() {
	for name, value := range map[string]string{"rapid.checks": "12", "rapid.steps": "200", "rapid.nofailfile": "true"} {
		if err := flag.Set(name, value); err != nil {
			panic(err)
		}
	}
}

// TestTenantsAreAsAlone runs random programs of three tenants on one repository, and what
// each of them does also on a repository of its own. Every answer must be the same: then
// nothing of a tenant can be seen, changed or even told to exist by another one. The
// tenants name their rows alike, so that a statement which forgets whose row it means finds
// several.
func TestTenantsAreAsAlone(t *testing.T) {
	migrated := filepath.Join(t.TempDir(), "migrated.db")
	if err := openFile(t, migrated, Options{Keys: testKeys()}).Close(); err != nil {
		t.Fatal(err)
	}
	schema, err := os.ReadFile(migrated)
	if err != nil {
		t.Fatal(err)
	}
	dir, n := t.TempDir(), 0
	asAlone(t, func() (*Repository, func() error, error) {
		n++
		path := filepath.Join(dir, fmt.Sprintf("%d.db", n))
		if err := os.WriteFile(path, schema, 0o600); err != nil {
			return nil, nil, err
		}
		r, err := OpenSQLite(context.Background(), path, Options{Keys: testKeys(), Readers: 1})
		if err != nil {
			return nil, nil, err
		}
		return r, func() error { return errors.Join(r.Close(), os.Remove(path)) }, nil
	})
}

func TestPostgresTenantsAreAsAlone(t *testing.T) {
	pg := postgres(t)
	var names []string
	var repositories []*Repository
	for range parties + 1 {
		names = append(names, newDatabase(t, false))
		repositories = append(repositories, openAs(t, appRole, names[len(names)-1], Options{Connections: 2}))
	}
	n := 0
	asAlone(t, func() (*Repository, func() error, error) {
		at := n % len(names)
		n++
		err := asSuperuser(context.Background(), pg, names[at], "TRUNCATE users CASCADE")
		return repositories[at], func() error { return nil }, err
	})
}

const parties = 3

// asAlone compares what tenants see together with what each sees alone.
func asAlone(t *testing.T, open func() (r *Repository, closed func() error, err error)) {
	answers := map[string]int{} // by operation, those that were no error
	programs, operations := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		programs++
		w := &parallel{T: rt, answers: answers, operations: &operations, now: time.Date(2026, time.March, 2, 12, 0, 0, 0, time.UTC)}
		repositories := make([]*Repository, 0, parties+1)
		for range parties + 1 {
			r, closed, err := open()
			if err != nil {
				rt.Fatal(err)
			}
			rt.Cleanup(func() {
				if err := closed(); err != nil {
					rt.Error(err)
				}
			})
			repositories = append(repositories, r)
		}
		w.shared = repositories[parties]
		for i, r := range repositories[:parties] {
			w.parties = append(w.parties, w.join(i, r))
		}
		rt.Repeat(w.operationsByName())
		for i := range w.parties {
			w.whole(&w.parties[i])
		}
	})
	if t.Failed() {
		return
	}
	var never []string
	for name := range (&parallel{}).operationsByName() {
		if answers[name] == 0 && !strings.ContainsAny(name, "012") {
			never = append(never, name)
		}
	}
	slices.Sort(never)
	t.Logf("programs %d, operations %d, each on the shared and on its own repository; divergences 0; kinds never successful %v", programs, operations, never)
	if len(never) > 0 && programs >= 50 {
		t.Errorf("operations that only ever failed, which says little: %v", never)
	}
}

// parallel is one program under way.
type parallel struct {
	*rapid.T
	shared     *Repository
	parties    []party
	now        time.Time
	answers    map[string]int
	operations *int
}

// party is a tenant, in the shared repository and alone.
type party struct {
	place      int
	id         core.TenantID
	alone      *Repository
	made       map[string]int // how many ids of a kind have been named
	claims     []core.InboxEntry
	deliveries []core.Delivery
	lane       core.Lane
	host       core.Host
	call       repository.Call
}

// answer is what a caller learns.
type answer struct {
	Value  any
	Code   core.Code
	Reason core.Reason
}

func answered(value any, err error) answer {
	a := answer{Value: value, Code: core.CodeOf(err)}
	var told *core.Error
	if errors.As(err, &told) {
		a.Reason = told.Reason
	}
	return a
}

// same does one thing in both repositories and wants one answer.
func (w *parallel) same(p *party, name string, do func(repository.Tenant) (any, error)) answer {
	w.Helper()
	together := answered(do(w.shared.Tenant(p.id)))
	alone := answered(do(p.alone.Tenant(p.id)))
	together.Value, alone.Value = undated(together.Value), undated(alone.Value)
	w.compare(p, name, together, alone)
	return together
}

func (w *parallel) compare(p *party, name string, together, alone answer) {
	w.Helper()
	*w.operations++
	if !reflect.DeepEqual(together, alone) {
		w.Fatalf("tenant %d, %s: together %s, alone %s", p.place, name, shown(together), shown(alone))
	}
	if together.Code == core.CodeInternal {
		w.Fatalf("tenant %d, %s: %s", p.place, name, shown(together))
	}
	if together.Code == "" {
		w.answers[name]++
	}
}

func shown(a answer) string {
	if a.Code != "" {
		return fmt.Sprintf("%s/%s", a.Code, a.Reason)
	}
	return fmt.Sprintf("%+v", a.Value)
}

// join makes a tenant in the shared repository and in its own.
func (w *parallel) join(place int, alone *Repository) party {
	id := core.TenantID(fmt.Sprintf("0198c000-0000-7000-8000-00000000000%d", place+1))
	p := party{place: place, id: id, alone: alone, made: map[string]int{}}
	for _, r := range []*Repository{w.shared, alone} {
		err := r.Directory().CreateTenant(context.Background(), core.Tenant{
			ID: id, Email: p.email(), FullName: "Loja", Active: true, Settings: core.DefaultSettings(), CreatedAt: w.now,
		})
		if err == nil {
			err = r.Tenant(id).Instance().Create(context.Background(), p.instance(w.now))
		}
		for i := range 2 {
			if err == nil {
				err = r.Tenant(id).Destinations().Create(context.Background(), core.Destination{
					ID: core.DestinationID(name("destination", i)), InstanceID: instanceID, JID: jid(i), Active: true, CreatedAt: w.now,
				})
			}
		}
		if err != nil {
			w.Fatal(err)
		}
	}
	p.made["destination"] = 2
	p.made["inbox"] = 3 * place // names that only some tenants have are found out as well
	return p
}

// The names all tenants use.
var instanceID = core.InstanceID(name("instance", 0))

func name(kind string, n int) string {
	sum := 0
	for _, c := range kind {
		sum = sum*31 + int(c)
	}
	return fmt.Sprintf("0198c000-%04x-7000-8000-%012x", sum&0xffff, n)
}

func jid(n int) core.JID { return core.JID(fmt.Sprintf("%d@g.us", n)) }

func (p *party) email() string { return fmt.Sprintf("loja%d@example.com", p.place) }

func (p *party) instance(now time.Time) core.Instance {
	return core.Instance{
		ID: instanceID, Provider: "evolution", Name: core.InstanceName(p.id, ""), ServerKey: core.NewSecret("key of " + string(p.id)),
		WebhookHash: "hash of " + string(p.id), Status: core.InstanceConnected, Provisioned: true, CreatedAt: now, UpdatedAt: now,
	}
}

// whole reads all that is the tenant's.
func (w *parallel) whole(p *party) {
	ctx := context.Background()
	for what, read := range map[string]func(repository.Tenant) (any, error){
		"its account":      func(t repository.Tenant) (any, error) { return t.Account().Get(ctx) },
		"its stats":        func(t repository.Tenant) (any, error) { return t.Account().Stats(ctx, w.now.Add(-time.Hour)) },
		"its instance":     func(t repository.Tenant) (any, error) { return t.Instance().Get(ctx) },
		"its sources":      func(t repository.Tenant) (any, error) { return t.Sources().List(ctx) },
		"its destinations": func(t repository.Tenant) (any, error) { return t.Destinations().List(ctx) },
		"its tags":         func(t repository.Tenant) (any, error) { return t.Tags().List(ctx) },
		"its API keys":     func(t repository.Tenant) (any, error) { return t.APIKeys().List(ctx) },
		"its sessions":     func(t repository.Tenant) (any, error) { return t.Sessions().List(ctx, w.now) },
		"its audit log":    func(t repository.Tenant) (any, error) { return t.Account().Audit(ctx) },
		"its offers": func(t repository.Tenant) (any, error) {
			return t.Offers().List(ctx, repository.OfferQuery{Limit: 1000})
		},
		"its attempts": func(t repository.Tenant) (any, error) { return t.Lane().History(ctx, time.Time{}) },
		"its dead":     func(t repository.Tenant) (any, error) { return t.Inbox().Dead(ctx, "", 1000) },
	} {
		w.same(p, what, read)
	}
}

// undated leaves out when deliveries changed last: what a revoke or a removed group cancels is
// dated by each repository's own clock.
func undated(value any) any {
	switch v := value.(type) {
	case core.Delivery:
		v.UpdatedAt = time.Time{}
		return v
	case []core.Delivery:
		for i := range v {
			v[i].UpdatedAt = time.Time{}
		}
	case core.Offer:
		undated(v.Deliveries)
	case []core.Offer:
		for _, o := range v {
			undated(o.Deliveries)
		}
	}
	return value
}
