package engine

import (
	"fmt"
	"math/rand"
	"net/url"
	"strings"
)

// A forger who knows the engine makes links to ordinary pages that carry "rival" or 7777777,
// in each place of an address and through each redirector.

// forgedPages are what is forged: pages of which only the path, or less, is ever kept.
var forgedPages = []string{
	"https://www.amazon.com.br/dp/B0TESTE001", "https://www.amazon.com.br/s?k=fone", "https://www.amazon.com.br/gp/goldbox",
	"https://shopee.com.br/product/1/2", "https://shopee.com.br/universal-link?redir=https%3A%2F%2Fshopee.com.br%2Fproduct%2F1%2F2",
	"https://www.mercadolivre.com.br/fone/p/MLB12345678", "https://produto.mercadolivre.com.br/MLB-1234567890-fone-_JM",
	"https://www.magazineluiza.com.br/fone/p/123456700/te/ab/", "https://pt.aliexpress.com/item/1005001234.html",
	"https://m.aliexpress.com/p/coin-index/index.html?productIds=1005001234", "https://www.kabum.com.br/produto/123456/fone",
	"https://www.loja-exemplo.com.br/produto/cadeira-gamer", "https://www.natura.com.br/p/creme/NATBRA-1234",
	"https://www.netshoes.com.br/p/tenis-ABC-1234-006", "https://br.shein.com/vestido-p-12345678-cat-1727.html",
}

// carriers are parameters with a rival's identity.
var carriers = []string{
	"tag=rival-20", "ascsubtag=rival", "utm_source=an_7777777", "mmp_pid=an_7777777", "affiliate_id=7777777", "matt_word=rival",
	"promoter_id=7777777", "aff_short_key=rival", "awinaffid=7777777", "clickref=rival", "sub_id=rival", "subid=rival", "u1=rival",
	"consultoria=rival", "url_from=rival", "tracking_id=rival", "sourceid=7777777", "afiliado=rival",
}

// forgeries put somebody else's host beside a page, or a carrier into a page's address: %[1]s is the page, %[2]s how a query goes on
// ("?" or "&"), %[3]s the carrier, %[4]s its name and %[5]s its value.
var forgeries = []string{
	"%s%s%s", "%s%[2]sx=1&%[3]s&%[3]s", "%s#%[3]s", "%s#/?%[3]s", "%s;%[3]s", "%s%[2]s%[4]s[]=%[5]s", "%s%[2]sa;%[3]s", "%s&amp;%[3]s",
	"%s%[2]stag=nossa-20&%[3]s", "%s%[2]s%[3]s&tag=nossa-20", "%s%[2]s%[3]s%%00", "%s%[2]s%[3]s%%0a", "%s%%3F%[3]s", "%s%%23%[3]s",
	"%s？%[3]s", "%s＆%[3]s", "%s＃%[3]s", "%s／%[3]s", "%s%[2]s%[4]s＝%[5]s", "%s%[2]s%[4]s%%3D%[5]s", "%s%[2]s%[4]s%%EF%%BC%%9D%[5]s",
	"%s\u200b%[2]s%[3]s", "%s\u2060%[2]s%[3]s", "%s%[2]s\u00ad%[3]s", "%s\ufe0f%[2]s%[3]s", "%s\u202e%[3]s", "%s%[2]s\u200d%[3]s",
	"%s\n%[2]s%[3]s", "%s %[2]s%[3]s", "%s\r\n%[3]s", "%s%[2]s%[4]s=\n%[5]s", "%s%[2]s%[4]s= %[5]s", "%s%[2]s%[4]s\n=%[5]s", "%s%[2]s\n%[3]s",
	"%s\u2028%[2]s%[3]s", "%s\u00a0%[2]s%[3]s", "%s…%[3]s", "%s|%[3]s", "%s\"%[3]s", "%s<%[3]s>", "%s`%[3]s", "%s*%[3]s*", "%s~%[3]s",
	"%s,%[3]s", "%s!%[3]s", "%s$%[3]s", "%s&%[3]s", "%s'%[3]s", "%s(%[3]s)", "%s@vizinho.com", "%s vizinho.com", "%s vizinho.com-Cupom",
	"%s www.vizinho.com.br", "%s vizinho。com/x", "%s *vizinho.*com", "%s vizinho\u200b.com", "%s ｖizinho．com", "%s 𝐯𝐢𝐳𝐢𝐧𝐡𝐨.com", "%s\nmailto:vizinho@vizinho.com",
	"%s\nx.app://vizinho", "%s\nintent://vizinho.com#Intent;end", "[oferta](%s%[2]s%[3]s)", "<a href=\"%s%[2]s%[3]s\">oferta</a>", "[%s](https://vizinho.com/)",
	"javascript:location='%s%[2]s%[3]s'", "data:text/html,<a href=%s%[2]s%[3]s>", "whatsapp://send?text=%s%[2]s%[3]s", "view-source:%s%[2]s%[3]s",
}

// wrappers are redirectors, with a rival's identity where they have a place for one; %s is
// the encoded target.
var wrappers = []string{
	"https://www.google.com/url?q=%s&ref=rival", "https://l.instagram.com/?u=%s&e=rival", "https://l.facebook.com/l.php?u=%s#rival",
	"https://www.awin1.com/cread.php?awinmid=17729&awinaffid=7777777&clickref=rival&ued=%s", "https://click.linksynergy.com/deeplink?id=rival&mid=1&u1=rival&murl=%s",
	"https://ad.admitad.com/g/rival/?ulp=%s&subid=rival", "https://redir.lomadee.com/v2/deeplink?sourceId=7777777&mdasc=rival&url=%s",
	"https://loja.pxf.io/c/7777777/424552/7490?subId1=rival&u=%s", "https://clk.tradedoubler.com/click?p=1&a=7777777&epi=rival&url=%s",
	"https://www.anrdoezrs.net/links/7777777/type/dlg/sid/rival/%s", "https://s.shopee.com.br/an_redir?affiliate_id=7777777&sub_id=rival&origin_link=%s",
	"https://s.click.aliexpress.com/deep_link.htm?aff_short_key=rival&dl_target_url=%s", "https://www.mercadolivre.com.br/gz/webdevice/config?go=%s&x=rival",
	"https://www.awin1.com/cread.php?awinmid=17729&awinaffid=999999&ued=%s", "https://clique.rede-exemplo.com.br/?id=minha&url=%s",
	"https://clique.rede-exemplo.com.br/?id=rival&url=%s",
}

// forge makes a link, through up to two redirectors.
func forge(random *rand.Rand) string {
	page, carrier := forgedPages[random.Intn(len(forgedPages))], carriers[random.Intn(len(carriers))]
	mark := "?"
	if strings.Contains(page, "?") {
		mark = "&"
	}
	name, value, _ := strings.Cut(carrier, "=")
	link := fmt.Sprintf(forgeries[random.Intn(len(forgeries))]+"%.0[1]s%.0[2]s%.0[3]s%.0[4]s%.0[5]s", page, mark, carrier, name, value)
	switch random.Intn(6) {
	case 0: // in other case, or its first letter escaped
		link = strings.Replace(link, name, strings.ToUpper(name), 1)
	case 1:
		link = strings.Replace(link, name, fmt.Sprintf("%%%02x%s", name[0], name[1:]), 1)
	case 2:
		link = strings.Replace(link, name, fmt.Sprintf("&#%d;%s", name[0], name[1:]), 1)
	}
	for range max(0, random.Intn(5)-2) {
		link = fmt.Sprintf(wrappers[random.Intn(len(wrappers))], url.QueryEscape(link))
	}
	return link
}
