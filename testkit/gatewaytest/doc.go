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
// Each case is one promise, and fails with a sentence that says what the engine would do wrong
// with such a gateway. Run ends with a verdict, shown by "go test -v": promises kept, broken,
// and not judged.
//
// # What a provider offers
//
// Only [Provider] is required: how to reach a session, and where its events shall go. Whatever
// else the provider implements lets more cases run:
//
//	Phones     phones scan, leave, join groups, and the truth about what was posted
//	Refuser    the next send ends as WhatsApp or the provider would end it
//	Teller     webhook requests of what happens (gateways with gateway.WebhookReceiver)
//	Signer     says that webhooks prove every byte of their body
//	Happener   things happen and reach the gateway by themselves (gateway.Streamer)
//	CodeTyper  a phone types a pairing code (gateway.PairingCoder)
//	Others     the addresses of the other person
//
// A case that needs what the gateway or its provider does not offer is skipped and says so;
// what a gateway claims in its Capabilities is always checked, and what it does not claim must
// not be there. Package simulated has all that people do, over the simulated WhatsApp of
// testkit/fakewhatsapp.
//
// For gateways with a server the suite itself plays the network: it puts a proxy in front of
// the provider that loses answers, cuts them in half, redirects, or serves a login page.
//
// For gateways that stream, the suite is the host: it calls Stream for each session it
// provisions, before anything else, and ends it with the case. Their Provider implements
// Happener instead of Teller, and its Happen may return before the gateway has noticed.
//
// # A real server
//
// [Live] is the provider of a real server without a phone. The suite reads no environment;
// the author's test does, and skips where no server is named:
//
//	func TestLive(t *testing.T) {
//		url := os.Getenv("WUZAPI_URL")
//		if url == "" {
//			t.Skip("WUZAPI_URL names no server")
//		}
//		gatewaytest.Run(t, func(tb testing.TB) gatewaytest.Harness {
//			return gatewaytest.Harness{Gateway: newGateway(tb), Provider: gatewaytest.Live{
//				ServerURL: url, ServerKey: core.NewSecret(os.Getenv("WUZAPI_ADMIN_TOKEN")),
//			}}
//		})
//	}
//
// It needs no WhatsApp account and sends nothing: the cases of the lifecycle without a phone,
// of keys and names, and all of the network run. Sessions have names of their own and are
// deleted at the end. An author with a phone to spare embeds Live in a provider that also
// implements Phones, with a person to scan, and gets the other cases.
//
// Cases take a testing.TB and never start subtests, so they can be run one by one with any
// test framework, or against deliberately broken gateways.
package gatewaytest
