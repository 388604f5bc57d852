package simulated_test

import (
	"testing"

	"github.com/autopromo-cloud/autopromo/ports/gateway"
	"github.com/autopromo-cloud/autopromo/testkit/gatewaytest"
	"github.com/autopromo-cloud/autopromo/testkit/gatewaytest/simulated"
)

// provider is a fake of a provider with the people of a scene.
type provider struct{ *simulated.Scene }

func (p provider) Session(name string) gateway.Session {
	return gateway.Session{Name: name, ServerURL: "http://localhost:8080"}
}

// Link lets the scene's phone scan the fake's QR code.
func (p provider) Link(name, number string) error {
	_, err := p.Phone(name, number) // then let it scan
	return err
}

// Unlink removes the session on the phone.
func (p provider) Unlink(string) error { return nil }

func ExampleScene() {
	var t testing.TB // in a test
	newProvider := func() gatewaytest.Provider { return provider{simulated.New(t)} }
	_ = newProvider
	var _ gatewaytest.Phones = provider{}
	// Output:
}
