package demo

import (
	"bytes"
	"image"
	"image/color"
	"image/png"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/testkit/fakelinks"
	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp"
)

// customer is one tenant of the story.
type customer struct {
	name, email, number string
	groups              []string          // subjects of the groups they post to
	tags                []map[string]any  // bodies of POST /affiliate-tags
	marks               map[string]string // what proves a link to be theirs, by store
}

const password = "demonstracao"

var customers = []customer{
	{
		name: "Bia Achados", email: "bia@demo.example", number: "5511900000002",
		groups: []string{"Bia Achados VIP 💎", "Bia Casa & Cozinha 🏠"},
		tags: []map[string]any{
			{"store_slug": "amazon", "tag_code": "biaachados-20"},
			{"store_slug": "shopee", "tag_code": "18300000001"},
			{"store_slug": "mercadolivre", "fields": map[string]string{"matt_word": "biaachados", "matt_tool": "11111111"}},
			{"store_slug": "magalu", "tag_code": "lojadabia"},
		},
		marks: map[string]string{"amazon": "tag=biaachados-20", "shopee": "affiliate_id=18300000001", "mercadolivre": "matt_word=biaachados", "magalu": "/lojadabia/"},
	},
	{
		name: "Caio Promos", email: "caio@demo.example", number: "5511900000003",
		groups: []string{"Caio Promos 🚀"},
		tags: []map[string]any{
			{"store_slug": "amazon", "tag_code": "caiopromos-20"},
			{"store_slug": "shopee", "tag_code": "18300000002"},
			{"store_slug": "mercadolivre", "fields": map[string]string{"matt_word": "caiopromos", "matt_tool": "22222222"}},
		},
		marks: map[string]string{"amazon": "tag=caiopromos-20", "shopee": "affiliate_id=18300000002", "mercadolivre": "matt_word=caiopromos"},
	},
}

// post is one message Ana writes in her group.
type post struct {
	title string // what the newcomer shall notice
	text  string
	note  string // what the messages alone do not show
	photo bool
	cut   bool // the connection breaks while the first copy is sent
}

var posts = []post{
	{
		title: "Link curto da Amazon: aberto, limpo e refeito com a tag de cada um",
		text: "🔥 *Echo Dot 5ª geração com Alexa*\n\nDe ~R$ 459,00~ por *R$ 284,05* no Pix\n🎟️ Cupom: *ECHO10*\n\n" +
			"👉 https://amzn.to/4dEmoA1",
	},
	{
		title: "Shopee com foto: a foto vai junto, e o preço lido é o de agora", photo: true,
		text: "🍳 *Fritadeira Air Fryer 4L* sem óleo!\n💵 R$ 1.299,90 → por *R$ 249,90*\nFrete grátis 🚚\nhttps://s.shopee.com.br/7dEmoB2c",
	},
	{
		title: "Mercado Livre: a tag da Ana sai, o convite para o grupo dela também",
		text: "👟 Tênis de corrida leve\n~DE: R$ 299~ *POR: R$ 139,90*\n" +
			"https://www.mercadolivre.com.br/tenis-corrida-leve/p/MLB30000001?matt_word=anaofertas&matt_tool=99999999&utm_source=ana\n\n" +
			"📲 Entre no meu grupo: https://chat.whatsapp.com/AnaOfertasConvite",
	},
	{
		title: "Magalu: o Caio não tem tag desta loja, então nada sai em nome de outra pessoa",
		text: "❄️ Geladeira Frost Free 375L\nPOR: R$ 2.199,00 em 10x\n" +
			"https://www.magazinevoce.com.br/anaofertas/geladeira-frost-free-375l/p/240466000/ed/refr/",
	},
	{
		title: "A internet cai no meio de um envio", cut: true,
		text: "🎧 *Fone JBL Tune 520BT*\nDe ~R$ 299,00~ por *R$ 199,90*\nhttps://www.amazon.com.br/dp/B0C4LZWGVT?tag=anaofertas-20",
		note: "A resposta de um envio se perdeu. O servidor conferiu que a mensagem saiu e não a repetiu.",
	},
	{
		title: "Um link curto que leva à vitrine de outra afiliada",
		text:  "🎁 Lista de presentes da Ana, corre!\nhttps://meli.la/2dEmoC3",
	},
	{
		title: "Uma loja que ninguém conhece",
		text:  "📱 iPhone por *R$ 999*!!! https://celulares-imperdiveis.com.br/iphone?ref=ana",
	},
	{
		title: "A primeira oferta outra vez",
		text:  "⚡ VOLTOU! *Echo Dot 5* por R$ 284,05\nhttps://www.amazon.com.br/dp/B09B8VGCR8?tag=anaofertas-20",
	},
	{title: "Conversa", text: "Bom dia, pessoal! ☀️ Hoje tem muita coisa boa."},
}

// shortLinks are the short links of the story.
var shortLinks = fakelinks.Hosts{
	"https://amzn.to/4dEmoA1":          "https://www.amazon.com.br/dp/B09B8VGCR8?tag=anaofertas-20&linkCode=ll1",
	"https://s.shopee.com.br/7dEmoB2c": "https://shopee.com.br/opaanlp/300000001/20000000001?utm_source=an_99999999999&mmp_pid=an_99999999999",
	"https://meli.la/2dEmoC3":          "https://www.mercadolivre.com.br/social/anaofertas?matt_word=anaofertas&matt_tool=99999999",
}

// photo draws the picture of the story's photo offer.
func photo() (fakewhatsapp.Media, error) {
	img := image.NewRGBA(image.Rect(0, 0, 320, 320))
	for y := range 320 {
		for x := range 320 {
			img.Set(x, y, color.RGBA{R: uint8(200 - x/4), G: uint8(80 + y/4), B: 60, A: 255})
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		return fakewhatsapp.Media{}, err
	}
	return fakewhatsapp.Media{Kind: core.Image, MimeType: "image/png", FileName: "airfryer.png", Data: b.Bytes()}, nil
}
