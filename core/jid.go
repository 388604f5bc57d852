package core

import "strings"

// JID is WhatsApp's address of a chat or a person. It is opaque: never read a phone number
// out of it, because the digits before "@lid" are not one.
type JID string

const groupSuffix = "@g.us"

// ParseGroupJID accepts exactly one group address: "<digits>@g.us", or the older
// "<phone>-<timestamp>@g.us", byte for byte in lower case. Anything else is CodeInvalid
// with ReasonNotAGroup.
func ParseGroupJID(s string) (JID, error) {
	local, ok := strings.CutSuffix(s, groupSuffix)
	head, tail, hasTail := strings.Cut(local, "-")
	if !ok || len(s) > 64 || !isDigits(head) || hasTail && !isDigits(tail) {
		return "", InvalidField("group", ReasonNotAGroup, "")
	}
	return JID(s), nil
}

// IsGroup says whether j is a group address.
func (j JID) IsGroup() bool {
	_, err := ParseGroupJID(string(j))
	return err == nil
}

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
