package bunrepository

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
)

// BenchmarkAccept stores webhooks from 64 callers at once, each durable when it returns.
func BenchmarkAccept(b *testing.B) {
	r := openTest(b)
	file(r).write.ResetQueryHooks()
	file(r).read.ResetQueryHooks()
	box := r.Tenant(seedTenant(b, r, "x")).Inbox()
	text := strings.Repeat("Oferta! ", 60)
	now := time.Now()
	var wg sync.WaitGroup
	work := make(chan int)
	for range 64 {
		wg.Go(func() {
			for i := range work {
				_, _, err := box.Accept(context.Background(), core.InboxEntry{
					ID: core.InboxID(fmt.Sprintf("01900000-0000-7000-8000-%012d", i)), InstanceID: "01900000-0000-7000-8000-000000000002",
					Key:  core.MessageKey{Chat: "1@g.us", Participant: "2@lid", ID: core.MessageID(fmt.Sprint(i))},
					Text: text, SentAt: now, ReceivedAt: now,
				})
				if err != nil {
					b.Error(err)
				}
			}
		})
	}
	b.ResetTimer()
	for i := range b.N {
		work <- i
	}
	close(work)
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
}
