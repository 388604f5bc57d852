// Package fakewhatsapp is a simulated WhatsApp: phones, groups, linked devices and the
// ledger of what was really posted.
//
// It exists so that a test can judge a sender by the truth. A provider may answer "timed
// out" for a message that left, or answer nothing at all; [World.Posted] still knows. A
// provider's fake, such as testkit/fakeevolution, is a thin layer that links sessions to
// this world, and two different fakes can share one world.
//
// Everything is in memory and safe for concurrent use. The world starts no goroutine and
// never calls its user: linked devices pull what happened with [Session.Next]. Direct
// chats are not simulated.
package fakewhatsapp
