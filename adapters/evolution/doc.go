// Package evolution is the gateway to WhatsApp through an Evolution API server.
//
// It is written against version 2.3.7, whose behaviour its comments describe. Version 2.4
// works once its licence is activated; until then every call is
// [github.com/autopromo-cloud/autopromo/ports/gateway.KindLicense]. The webhook bodies and
// answers of version 1.8 are understood, but it sends otherwise: a session it makes is removed
// again, as [github.com/autopromo-cloud/autopromo/ports/gateway.KindVersion].
//
// Three habits of the server shape the adapter:
//
//   - Nearly every failed send is a plain 400, and "Timed Out" is answered for messages that
//     did leave. Only the phrases listed in errors.go prove that nothing was sent; any other
//     answer is [github.com/autopromo-cloud/autopromo/ports/gateway.KindUnknown].
//   - A look-up finds only what the server stored after a successful send, so finding proves
//     and not finding does not.
//   - Webhooks carry the session's key in their body and are not signed. They are proven by
//     a secret header, and the key is dropped while decoding.
//
// A [Gateway] holds no state besides its HTTP client and is safe for concurrent use.
package evolution
