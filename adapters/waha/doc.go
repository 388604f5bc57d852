// Package waha is the gateway to WhatsApp through a WAHA server (devlikeapro/waha).
//
// It is written against WAHA 2026.8 by its documentation and source, and tolerates the
// shapes of its engines GOWS, NOWEB and WEBJS. Version 2024.10 is the oldest whose sessions
// it understands.
//
// Four habits of the server shape the adapter:
//
//   - A refusal the server means is a JSON body with the statusCode of the answer, given before
//     anything is sent. What the engine threw is a 500 with an exception, and only the phrases
//     listed in errors.go prove that nothing left; any other is
//     [github.com/autopromo-cloud/autopromo/ports/gateway.KindUnknown].
//   - Webhooks are signed with HMAC-SHA512 over the raw body. The key given to the server is
//     derived from the session's name and secret, so that one session's signature proves
//     nothing for another. Timestamp and request id travel unsigned in headers and are ignored;
//     a replay is recognised by the message's own key.
//   - No event carries the QR code: SCAN_QR_CODE says only that there is a new one, and
//     Connect fetches it.
//   - One key opens the whole server. Sessions are kept apart by their names alone, so a server
//     should not be shared with others.
//
// The server takes message ids chosen by the sender since 2026.4.3, with GOWS and NOWEB only;
// see Options.ClientIDs.
//
// A [Gateway] holds no state besides its HTTP client and is safe for concurrent use.
package waha
