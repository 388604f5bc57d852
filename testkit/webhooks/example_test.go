package webhooks_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/autopromo-cloud/autopromo/testkit/webhooks"
)

func ExampleCourier() {
	receiver := httptest.NewServer(http.NotFoundHandler())
	defer receiver.Close()
	courier := webhooks.New(receiver.Client(), nil)
	defer courier.Close()
	courier.Send(webhooks.Letter{
		Session: "loja", Event: "message", URL: receiver.URL, Body: []byte("{}"), Header: http.Header{},
		Policy: webhooks.Policy{
			Attempts: 2, Timeout: time.Second,
			Wait: func(int, float64) time.Duration { return time.Millisecond },
		},
	})
	if err := courier.WaitIdle(context.Background()); err != nil {
		fmt.Println(err)
		return
	}
	for _, d := range courier.Deliveries() {
		fmt.Println(d.Event, d.Statuses, d.Outcome)
	}
	// Output: message [404 404] gave_up
}
