package affiliate

import (
	"testing"

	"github.com/autopromo-cloud/autopromo/core"
)

func TestAdmitad(t *testing.T) {
	const own = "https://ad.admitad.com/g/1a2b3c4d5e6f7a8b9c0d/?ulp=" + kabumPageEncoded
	const theirs = "https://ad.admitad.com/g/66666666666666666666/?ulp="
	networkTest{
		tag:    core.Tag{Store: "admitad", Marketplace: "kabum.com.br", Fields: map[string]string{"code": "1a2b3c4d5e6f7a8b9c0d"}},
		plain:  own,
		marked: own + "&subid=g1234abcdo5678efgh",
		rivals: map[string]string{"code": "66666666666666666666"},
		tampered: []string{
			"https://ad.admitad.com/g/1a2b3c4d5e6f7a8b9c0d?ulp=" + kabumPageEncoded,
			"https://ad.admitad.com/g/1a2b3c4d5e6f7a8b9c0d/x/?ulp=" + kabumPageEncoded,
			"https://ad.admitad.com/g/66666666666666666666/g/1a2b3c4d5e6f7a8b9c0d/?ulp=" + kabumPageEncoded,
			"https://ad.admitad.com/g/1A2B3C4D5E6F7A8B9C0D/?ulp=" + kabumPageEncoded,
			"https://ad.admitad.com/goto/1a2b3c4d5e6f7a8b9c0d/?ulp=" + kabumPageEncoded,
			"https://rzekl.com/g/1a2b3c4d5e6f7a8b9c0d/?ulp=" + kabumPageEncoded,
			"https://ad.admitad.com/g/1a2b3c4d5e6f7a8b9c0d/?subid=rival&ulp=" + kabumPageEncoded,
			"https://ad.admitad.com/g/1a2b3c4d5e6f7a8b9c0d/",
			own + "&ulp=https%3A%2F%2Fevil.example", own + "&subid1=rival", own + "&subid=",
		},
		incoming: []incomingCase{
			{link: theirs + kabumPageEncoded + "&subid=canal", kind: Unknown, final: own},
			{link: "https://rzekl.com/g/66666666666666666666/?i=5&ulp=" + kabumPageEncoded, kind: Unknown, final: own},
			{link: "https://alitems.co/goto/66666666666666666666/?ulp=" + kabumPageEncoded, kind: Unknown, final: own},
			{link: "https://wextap.com/tpt/66666666666666666666/?ulp=" + magaluPage, kind: Product, final: magaluFinal},
			{link: theirs + "https%3A%2F%2Fs.shopee.com.br%2Fan_redir%3Forigin_link%3Dhttps%253A%252F%252Fshopee.com.br%252Fproduct%252F458071934%252F26778686208%26affiliate_id%3D18311111111",
				kind: Product, final: "https://s.shopee.com.br/an_redir?origin_link=https%3A%2F%2Fshopee.com.br%2Fproduct%2F458071934%2F26778686208&affiliate_id=18399999999"},
			{link: theirs + "https%3A%2F%2Fshopee.com.br.evil.example%2Fproduct%2F1%2F2", kind: Unknown, reason: core.ReasonLinkUnknownStore},
			{link: theirs + kabumPageEncoded + "&ulp=https%3A%2F%2Fevil.example", kind: Refused, reason: core.ReasonLinkDeceptive},
			{link: "https://ad.admitad.com/g/66666666666666666666/", kind: Refused, reason: core.ReasonLinkNotProduct},
			{link: "https://ad.admitad.com/", kind: Refused, reason: core.ReasonLinkNotProduct},
		},
	}.run(t)
}

// TestNestedNetworks: wrappers come off to the innermost store, and one of ours goes on.
func TestNestedNetworks(t *testing.T) {
	r, err := NewRegistry(AliExpress{}, KaBuM{}, Admitad{}, Awin{})
	if err != nil {
		t.Fatal(err)
	}
	tags := []core.Tag{
		{Store: "admitad", Marketplace: "aliexpress.com", Fields: map[string]string{"code": "1a2b3c4d5e6f7a8b9c0d"}},
		{Store: "awin", Fields: map[string]string{"awinaffid": "424242"}},
	}
	const theirs = "https://rzekl.com/g/66666666666666666666/?ulp="
	for link, want := range map[string]struct{ key, final string }{
		theirs + "https%3A%2F%2Fs.click.aliexpress.com%2Fdeep_link.htm%3Faff_short_key%3D_rival%26dl_target_url%3Dhttps%253A%252F%252Fwww.aliexpress.com%252Fitem%252F1005001234567890.html%253Faff_fsk%253D_rival": {
			"aliexpress:1005001234567890",
			"https://ad.admitad.com/g/1a2b3c4d5e6f7a8b9c0d/?ulp=https%3A%2F%2Fwww.aliexpress.com%2Fitem%2F1005001234567890.html",
		},
		theirs + "https%3A%2F%2Fwww.awin1.com%2Fcread.php%3Fawinmid%3D17729%26awinaffid%3D6%26ued%3Dhttps%253A%252F%252Fwww.kabum.com.br%252Fproduto%252F123456%252Ffone-sem-fio": {
			"kabum:123456",
			"https://www.awin1.com/cread.php?awinmid=17729&awinaffid=424242&ued=" + kabumPageEncoded,
		},
	} {
		target := r.Classify(link)
		if target.Kind != Product || target.ProductKey != want.key {
			t.Errorf("%s is %+v", link, target)
		}
		final, err := r.Rewrite(target, tags)
		if err != nil || final != want.final || r.Verify(final, tags) != nil {
			t.Errorf("rewritten to %s, %v, proven %v; want %s", final, err, r.Verify(final, tags), want.final)
		}
		if again := r.Classify(final); again.ProductKey != want.key {
			t.Errorf("own link is %+v", again)
		}
	}
}
