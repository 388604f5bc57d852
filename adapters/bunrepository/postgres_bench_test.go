package bunrepository

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/testkit/repositorytest"
)

// BenchmarkRowLevelSecurity runs the same methods as the role of programs, which the policies
// hold, and as the owner of tables that have none, in turns, and reports what the former take
// in terms of the latter: 1.05 is five per cent more. The server flushes nothing, so that
// what is measured is its work and not the disk's.
func BenchmarkRowLevelSecurity(b *testing.B) {
	held, free := newDatabase(b, false), newDatabase(b, false)
	for _, table := range append(slices.Clone(tenantTables), "users") {
		if err := asSuperuser(context.Background(), postgres(b), free, "ALTER TABLE "+table+" DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY"); err != nil {
			b.Fatal(err)
		}
	}
	// The owner is no member of the directory's role, but reads all without it.
	if err := asSuperuser(context.Background(), postgres(b), free, "GRANT "+directoryRole+" TO "+ownerRole); err != nil {
		b.Fatal(err)
	}
	sides := []*rlsSide{openSide(b, appRole, held), openSide(b, ownerRole, free)}
	for _, work := range []struct {
		name string
		do   func(*rlsSide) error
	}{
		{"insert", (*rlsSide).insert},
		{"batch", (*rlsSide).batch},
		{"read", (*rlsSide).read},
	} {
		b.Run(work.name, func(b *testing.B) {
			for _, side := range sides {
				side.took = side.took[:0]
			}
			for i := 0; b.Loop(); i++ {
				for turn := range sides {
					side := sides[(turn+i)%2] // neither always goes first
					began := time.Now()
					if err := work.do(side); err != nil {
						b.Fatal(err)
					}
					side.took = append(side.took, time.Since(began))
				}
			}
			with, without := median(sides[0].took), median(sides[1].took)
			b.ReportMetric(float64(with)/float64(without), "with/without")
			b.ReportMetric(float64(with.Microseconds()), "µs-with")
			b.ReportMetric(float64(without.Microseconds()), "µs-without")
			b.ReportMetric(0, "ns/op") // of both sides together, which says nothing
		})
	}
}

// median, because one pause of the machine must not decide.
func median(all []time.Duration) time.Duration {
	all = slices.Clone(all)
	slices.Sort(all)
	return all[len(all)/2]
}

// rlsSide is one of the two databases compared.
type rlsSide struct {
	r        *Repository
	id       core.TenantID
	instance core.InstanceID
	made     int
	took     []time.Duration
}

// openSide fills a database with what 20 tenants have, so that a policy has something to
// choose from.
func openSide(b *testing.B, role, database string) *rlsSide {
	b.Helper()
	s := &rlsSide{r: openAs(b, role, database, Options{Connections: 2})}
	for _, s.id = range repositorytest.Seed(b, s.r, 20) {
		inst, err := s.r.Tenant(s.id).Instance().Get(context.Background())
		if err != nil {
			b.Fatal(err)
		}
		s.instance = inst.ID
		for range 50 {
			if err := s.insert(); err != nil {
				b.Fatal(err)
			}
		}
	}
	if err := asSuperuser(context.Background(), postgres(b), database, "VACUUM ANALYZE"); err != nil {
		b.Fatal(err)
	}
	return s
}

// insert is the hot path: a webhook's message.
func (s *rlsSide) insert() error {
	s.made++
	now := time.Now()
	_, _, err := s.r.Tenant(s.id).Inbox().Accept(context.Background(), core.InboxEntry{
		ID: core.InboxID(fmt.Sprintf("01900000-0000-7000-8000-%012d", s.made)), InstanceID: s.instance,
		Key:  core.MessageKey{Chat: "1@g.us", Participant: "2@lid", ID: core.MessageID(fmt.Sprint(s.made))},
		Text: strings.Repeat("Oferta! ", 60), SentAt: now, ReceivedAt: now,
	})
	return err
}

// batch claims up to 16 messages and ends them.
func (s *rlsSide) batch() error {
	for range 16 {
		if err := s.insert(); err != nil {
			return err
		}
	}
	now := time.Now().Add(time.Hour)
	claims, err := s.r.Tenant(s.id).Inbox().Claim(context.Background(), now, now.Add(time.Minute), 16)
	for _, e := range claims {
		e.State = core.InboxSkipped
		if err == nil {
			err = s.r.Tenant(s.id).Inbox().Finish(context.Background(), e)
		}
	}
	return err
}

// read is one row by its key.
func (s *rlsSide) read() error {
	_, err := s.r.Tenant(s.id).Instance().Get(context.Background())
	return err
}
