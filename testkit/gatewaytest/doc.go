// Package gatewaytest holds a gateway adapter to the contract of ports/gateway.
//
// The author of an adapter supplies a [Harness]: the gateway, and a [Provider] that scripts
// the far side, be it a fake or a program started for the test. One call then runs every
// case:
//
//	func TestConformance(t *testing.T) {
//		gatewaytest.Run(t, func(tb testing.TB) gatewaytest.Harness { … })
//	}
//
// A case that needs what the gateway or its provider does not offer is skipped and says
// so; what a gateway claims in its Capabilities is always checked. For gateways with a
// server the suite itself plays the network: it puts a proxy in front of the provider that
// loses answers, redirects, or serves a login page.
//
// Cases take a testing.TB and never start subtests, so they can be run one by one with any
// test framework, or against deliberately broken gateways.
package gatewaytest
