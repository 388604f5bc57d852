package affiliate

import "strings"

// identityParams are the query parameters in which programmes carry somebody's identity.
var identityParams = map[string]bool{
	"tag": true, "ascsubtag": true, "linkid": true,
	"affiliate_id": true, "mmp_pid": true, "utm_source": true,
	"matt_word": true, "matt_tool": true,
	"promoter_id": true, "partner_id": true,
	"aff_short_key": true, "aff_fcid": true, "aff_fsk": true, "aff_trace_key": true, "tracking_id": true,
	"awinaffid": true, "clickref": true, "sourceid": true, "consultoria": true, "url_from": true, "aff_id": true,
}

// NamesIdentity says whether plain text, what is left of a message without its links, holds
// an identity as a parameter ("tag=rival-20"): that is what a line end or a space inside
// somebody's link leaves behind.
func NamesIdentity(text string) bool {
	for {
		i := strings.IndexByte(text, '=')
		if i < 0 {
			return false
		}
		name, after := text[:i], text[i+1:]
		name = name[strings.LastIndexFunc(name, notInName)+1:]
		if len(name) <= len("aff_short_key") && after != "" && !notInName(rune(after[0])) && identityParams[strings.ToLower(name)] {
			return true
		}
		text = after
	}
}

func notInName(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_' && r != '-'
}
