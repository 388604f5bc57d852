// Package whatsmeow is the gateway to WhatsApp in this process, without a server, through
// the library go.mau.fi/whatsmeow.
//
// A session is a linked device of the tenant's phone. Its keys are in tables of the
// library's own (whatsmeow_…), in the database the adapter is given, beside one table of
// the adapter that names each session's device. Whoever can read these tables can write as
// the tenants, so they deserve the care of the tables with secrets. Under PostgreSQL they
// should have a schema of their own: see [Options.Schema]. The library also keeps which
// hidden address (LID) belongs to which number, for all sessions together; deleting a
// session does not remove those rows. And it keeps the texts of messages for a while: those
// received until they are handled, those sent for phones that could not read them.
//
// What a session's host should know:
//
//   - Each connection is a new client of the library, and the library is not allowed to
//     reconnect. So it never repeats a send on its own, and when to try again is decided
//     here: at once after pairing, else with growing random pauses. Being replaced, banned,
//     logged out or too old ends the stream instead.
//   - A message is acknowledged only after the handler took it. One that it refuses closes
//     the connection, and WhatsApp delivers it again on the next one. It is decrypted only
//     once, for its key is spent by then, and kept in the database until it was handled.
//     A handler that refuses a message for ever keeps the session from ever getting on; one
//     that takes minutes makes the library go on without it, and messages change places.
//   - Pairing starts when Connect or PairingCode asks for it and ends with the last QR
//     code; a session that is not linked makes no connection otherwise.
//   - The id of a message is the caller's. WhatsApp's applications are believed to show a
//     message once however often its id comes; it is not proven here.
//
// The library's log is reduced to its constant texts: addresses, messages and keys never
// reach the logger. The Signal library beneath it prints to standard output through a logger
// of the process; New silences it unless the program has set its own.
//
// All of this was proven against testkit/fakewhatsapp/endpoint and not against WhatsApp,
// whose answers to refused sends are known here from the documentation of others.
package whatsmeow
