// Package endpoint serves a simulated WhatsApp over the protocol of WhatsApp Web, on
// loopback, so that the real client library go.mau.fi/whatsmeow can be used against it.
//
// A [Server] stands where WhatsApp's servers stand: the Noise handshake, pairing by QR code
// and by typed code, binary stanzas, pre-keys, group queries, media and receipts. The phones
// are those of a testkit/fakewhatsapp World. Each has real Signal keys: what a phone posts
// is encrypted for the linked devices, and what a device sends is decrypted by the phones
// of the group and only then entered into the World's ledger. So the ledger holds what
// people could really read.
//
// Stanzas for a device wait until the device acknowledged them, also while it is away, and
// come again when it connects. The same id twice is one post in the ledger, and two entries
// in [Server.Frames].
//
// What it does not do: it knows groups only, a phone has no other devices as far as senders
// can see, history and settings are never synchronised, and a phone that is asked to send a
// message again does not. It accepts what this version of the client sends; nothing here
// was compared with WhatsApp itself.
//
// whatsmeow pins WhatsApp's root key in a variable of the process. Making the first Server
// replaces it, for good: import this package in tests only. It is the one package of
// testkit that uses third-party code.
package endpoint
