// Package fakewaha puts a simulated WhatsApp ([fakewhatsapp.World]) behind the HTTP API and
// the webhooks of WAHA (devlikeapro/waha) 2026.8, with its status codes, error bodies,
// signatures and retries, and with the shapes of its engines.
//
// A [Server] is an http.Handler. The test plays the people with [Server.Scan],
// [Server.EnterCode], [Server.LogoutFromPhone] and the phones of the world, makes the server
// misbehave with [Server.Next] and [Server.NextWebhook], and judges by the ledger of the
// world.
//
// It follows WAHA's documentation and source; it was not compared with a running server.
// All methods are safe for concurrent use.
package fakewaha
