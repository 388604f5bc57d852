package affiliate

import (
	"strings"
	"testing"

	"github.com/autopromo-cloud/autopromo/core"
)

func templateTag(template string) core.Tag {
	return core.Tag{Store: "template", Marketplace: "kabum.com.br", Fields: map[string]string{"template": template}}
}

func TestTemplate(t *testing.T) {
	const rede = "https://rede.example.com/"
	networkTest{
		tag:    templateTag(rede + "deep?id=424242&u={url}"),
		plain:  rede + "deep?id=424242&u=" + kabumPageEncoded,
		marked: rede + "deep?id=424242&u=" + kabumPageEncoded,
		rivals: map[string]string{"template": rede + "deep?id=666666&u={url}"},
		tampered: []string{
			rede + "deep?u=" + kabumPageEncoded + "&id=424242",
			rede + "deep?id=4242420&u=" + kabumPageEncoded,
			rede + "deep?id=424242&id=666666&u=" + kabumPageEncoded,
			rede + "deep?id=424242&u={url}", rede + "deep?id=424242",
			"https://rede2.example.com/deep?id=424242&u=" + kabumPageEncoded,
		},
		incoming: []incomingCase{
			{link: rede + "deep?id=666666&u=" + kabumPageEncoded, kind: Unknown, reason: core.ReasonLinkUnknownStore},
			{link: kabumPage + "?id=9", kind: Unknown, reason: core.ReasonLinkUnknownStore},
		},
	}.run(t)
	networkTest{
		tag:    templateTag(rede + "c/424242/s:{sub}/to/{url}"),
		plain:  rede + "c/424242/s:/to/" + kabumPageEncoded,
		marked: rede + "c/424242/s:g1234abcdo5678efgh/to/" + kabumPageEncoded,
		rivals: map[string]string{"template": rede + "c/666666/s:{sub}/to/{url}"},
		tampered: []string{
			rede + "c/424242/s:rival/to/" + kabumPageEncoded,
			rede + "c/424242/s:{sub}/to/" + kabumPageEncoded,
			rede + "c/424242/to/" + kabumPageEncoded,
			rede + "c/666666/s:/to/" + rede + "c/424242/s:/to/" + kabumPageEncoded,
		},
	}.run(t)
	networkTest{
		tag:      templateTag(rede + "?u={url}&s={sub}&id=424242"),
		plain:    rede + "?u=" + kabumPageEncoded + "&s=&id=424242",
		marked:   rede + "?u=" + kabumPageEncoded + "&s=g1234abcdo5678efgh&id=424242",
		rivals:   map[string]string{"template": rede + "?u={url}&s={sub}&id=666666"},
		tampered: []string{rede + "?u=" + kabumPageEncoded + "&s=rival&id=424242", rede + "?u=" + kabumPageEncoded + "&id=666666&s=&id=424242"},
	}.run(t)
}

func TestTemplateField(t *testing.T) {
	r := withNetworks(t)
	const rede = "https://rede.example.com"
	for _, good := range []string{
		rede + "?{url}", rede + "/?{url}", rede + "/go?u={url}", rede + "/a/b:c/d=e/{url}", rede + "/to:{url}", rede + "/to/{url}?s={sub}",
		rede + "/x?a=1&u={url}&s={sub}", rede + "/x?a=*b&u={url}", rede + "/x?u={url}&b=", "https://rede.example.com.br/x?u={url}",
	} {
		if _, err := r.CheckTag(templateTag(good)); err != nil {
			t.Errorf("%s refused: %v", good, err)
		}
	}
	for _, bad := range []string{
		"", "{url}", "https://{url}", "https:///?u={url}", "http://rede.example.com/?u={url}", "HTTPS://rede.example.com/?u={url}",
		"https://Rede.example.com/?u={url}", "https://rede.example.com./?u={url}", "https://{url}.example.com/?u=1", "https://x{sub}.example.com/?u={url}",
		"https://localhost/?u={url}", "https://rede/?u={url}", "https://rede.internal/?u={url}", "https://10.0.0.1/?u={url}", "https://[::1]/?u={url}", "https://com.br/?u={url}",
		"https://bit.ly/?u={url}", "https://tidd.ly/x?u={url}", "https://chat.whatsapp.com/?u={url}",
		"https://a@rede.example.com/?u={url}", "https://a:b@rede.example.com/?u={url}", rede + ":8443/?u={url}", rede + ":443/?u={url}",
		rede + "/?u={url}#x", rede + "/#{url}", rede + "/?u={url}&v={url}", rede + "/?s={sub}", rede + "/?u={url}&s={sub}&t={sub}",
		rede + "/?u={url}&i={id}", rede + "/?u={url}&x={y}", rede + "/?u={url}&x={", rede + "/?u={url}&x=}", rede + "/?u={{url}}", rede + "/?u={URL}",
		rede + "/{url}/x", rede + "/x{url}", rede + "/{url}x", rede + "/{sub}/{url}", rede + "/?u=x{url}", rede + "/?u={url}x", rede + "/?{url}&a=1", rede + "/?{url}={sub}",
		rede + "/?u={url}&s=x{sub}", rede + "/?u={url}&U=1", rede + "/?u={url}&&a=1", rede + "/?u={url}&=1", rede + "/?u={url}?a=1",
		rede + "/?u={url}&a=b c", rede + "/?u={url}&a=\"b", rede + "/?u={url}&a=<b", rede + "/?u={url}&a=b'", rede + "/?u={url}&a=%20", rede + "/?u={url}&a=é", rede + "/?u={url}&a=b\n",
		rede + "/?u={url}.", rede + "/?u={url}&a=b,", rede + "/?u={url}&a=b*", rede + "/?u={url}&a=b_", rede + "/?u={url}&a=b~", rede + "/?u={url}&a=b-", rede + "/?u={url}&a=b:",
		rede + "//x?u={url}", rede + "/../x?u={url}", rede + "/x/https://evil.example/?u={url}", rede + "/(x)?u={url}",
		rede + "/?u={url}&a=" + strings.Repeat("x", 512),
	} {
		if _, err := r.CheckTag(templateTag(bad)); err == nil {
			t.Errorf("%s accepted", bad)
		}
	}
	for keep, want := range map[string]bool{
		"": true, "cor": true, "cor,skuId": true, "seller_id": true,
		"cor,cor": false, "cor,COR": false, "cor, skuId": false, ",": false, "cor,": false, "utm_source": false, "TAG": false, "aff_id": false,
		"ref": false, "parceiro": false, "partner_id": false, "sub1": false, "url": false, "a=b": false, "a&b": false, "{url}": false,
		"a,b,c,d,e,f,g,h,i": false, "awc": false, "consultoria": false, "sourceId": false, "promoter_id": false,
	} {
		tag := templateTag(rede + "/?u={url}")
		tag.Fields["keep"] = keep
		if _, err := r.CheckTag(tag); (err == nil) != want {
			t.Errorf("keep %q: %v", keep, err)
		}
	}
	noMarket := templateTag(rede + "/?u={url}")
	noMarket.Marketplace = ""
	if _, err := r.CheckTag(noMarket); err == nil {
		t.Error("a template for no merchant accepted")
	}
}

func TestTemplateKeep(t *testing.T) {
	r := withNetworks(t)
	tag := templateTag("https://rede.example.com/?u={url}")
	tag.Fields["keep"] = "cor,skuId"
	tags := []core.Tag{tag}
	for query, kept := range map[string]string{
		"":                                   "",
		"?utm_source=rival":                  "",
		"?skuId=12&x=1&cor=AZ":               "?cor=AZ&skuId=12",
		"?SKUID=12":                          "?skuId=12",
		"?cor=azul-marinho&awc=1#cor=rival":  "?cor=azul-marinho",
		"?cor=AZ&cor=rival":                  "refused",
		"?cor=AZ&%63or=rival":                "refused",
		"?cor=rival-20":                      "refused",
		"?cor=an_123":                        "refused",
		"?cor=a%26aff%3Drival":               "refused",
		"?cor=https%3A%2F%2Fevil.example%2F": "refused",
		"?cor=":                              "refused",
		"?cor=afiliado-fulano":               "refused",
	} {
		link, err := r.Rewrite(r.Classify(kabumPage+query), tags)
		if kept == "refused" {
			if err == nil {
				t.Errorf("%s rewritten to %s", query, link)
			}
			continue
		}
		want := "https://rede.example.com/?u=" + kabumPageEncoded + strings.NewReplacer("?", "%3F", "=", "%3D", "&", "%26").Replace(kept)
		if err != nil || link != want || r.Verify(link, tags) != nil {
			t.Errorf("%s rewritten to %s, %v, proven %v; want %s", query, link, err, r.Verify(link, tags), want)
		}
	}
	for _, query := range []string{
		"%3Fcor%3DAZ%26cor%3DAZ", "%3Fcor%3D", "%3Fcor", "%3FCOR%3DAZ", "%3Fref%3DAZ", "%3Fcor%3Drival-20", "%3Fcor%3DAZ%26", "%3F", "%3Fcor%3DAZ%26ref%3Dx",
		"%3Fcor%3DAZ%2526ref", "%3Fcor%3DAZ%23x", "%3Fcor%3Da%3Db", "%3F%63or%3DAZ",
	} {
		if link := "https://rede.example.com/?u=" + kabumPageEncoded + query; r.Verify(link, tags) == nil {
			t.Errorf("proven: %s", link)
		}
	}
}
