package fakeevolution

// Quirks are habits of the real server that stay on until they are changed. The zero value
// is the well-behaved server.
type Quirks struct {
	// EmptyQR makes create and connect answer {"count":0}; the code comes by webhook only.
	EmptyQR bool
	// StaleQR makes connect answer the first code of the pairing, long expired.
	StaleQR bool
	// DeletePolls is how many connectionState calls a deleted instance lingers for,
	// besides Delays.Delete.
	DeletePolls int
	// GhostCreate lets create succeed while the same name is being deleted; the new
	// instance is then erased with the old one. Else that create is 403.
	GhostCreate bool
	// NoRows keeps no messages, as with DATABASE_SAVE_DATA_NEW_MESSAGE=false: look-ups
	// find nothing and no acknowledgement comes.
	NoRows bool
	// EchoUpsert sends our own API sends back as messages.upsert, as old versions did.
	EchoUpsert bool
	// RevokeAsDelete tells of revokes with messages.delete instead of messages.edited.
	RevokeAsDelete bool
	// HideAlternate leaves out the second form of an author's address.
	HideAlternate bool
	// Encoding is how bytes and long numbers are written.
	Encoding Encoding
	// ConcurrentWebhooks posts webhooks without waiting for the one before.
	ConcurrentWebhooks bool
}

// Encoding is how bytes and long numbers of WhatsApp content come out in JSON.
type Encoding string

// The encodings; all three occur in the field.
const (
	EncodingObject Encoding = ""       // {"0":1,…} and {low,high,unsigned}
	EncodingBase64 Encoding = "base64" // base64 and decimal strings
	EncodingBuffer Encoding = "buffer" // {"type":"Buffer","data":[…]} and numbers
)

// Quirks returns the quirks of all instances that have none of their own.
func (s *Server) Quirks() Quirks {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.quirks[""]
}

// SetQuirks replaces the quirks of all instances that have none of their own, at once.
func (s *Server) SetQuirks(q Quirks) { s.SetQuirksFor("", q) }

// SetQuirksFor gives an instance, which need not exist yet, quirks of its own.
func (s *Server) SetQuirksFor(instance string, q Quirks) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.quirks[instance] = q
}

func (s *Server) quirksOf(i *instance) Quirks {
	if q, own := s.quirks[i.name]; own {
		return q
	}
	return s.quirks[""]
}
