// Package fakeevolution puts a simulated WhatsApp ([fakewhatsapp.World]) behind the HTTP
// API and the webhooks of Evolution API 2.3.7, with its status codes, body shapes, order of
// checks and faults.
//
// A [Server] is an http.Handler. The test plays the people with [Server.Scan],
// [Server.LogoutFromPhone] and the phones of the world, makes the server misbehave with
// [Server.Next], [Server.NextWebhook] and [Server.SetQuirks], and judges by the ledger of
// the world.
//
// Out of the box the server is well behaved and quick: no waits, webhooks in order, once.
// Webhook retries follow the real schedule scaled by Options.RetryScale. All methods are
// safe for concurrent use. Media is kept as it is posted: nothing is re-encoded.
package fakeevolution
