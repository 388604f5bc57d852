package demo

import (
	"context"
	"fmt"
)

// deals are what Ana posts when somebody presses the console's button, one after the other.
// Each has a place for a number, so that no product comes twice.
var deals = []string{
	"🔌 *Carregador Turbo 65W GaN*\nDe ~R$ 249,00~ por *R$ 129,%02[2]d*\n🎟️ Cupom: *TURBO10*\nhttps://www.amazon.com.br/dp/B0D%07[1]d?tag=anaofertas-20",
	"☕ *Cafeteira Espresso 20 bar*\nPOR: *R$ 389,%02[2]d* no Pix\nFrete grátis 🚚\nhttps://shopee.com.br/product/300000002/2%09[1]d?utm_source=an_99999999999",
	"🎒 *Mochila para notebook impermeável*\n~R$ 199~ *R$ 89,%02[2]d*\nhttps://www.mercadolivre.com.br/mochila/p/MLB4%07[1]d?matt_word=anaofertas&matt_tool=99999999\n\n📲 Entre no meu grupo: https://chat.whatsapp.com/AnaOfertasConvite",
	"📺 *Smart TV 50\" 4K*\nPOR *R$ 1.899,%02[2]d* em 10x\nhttps://www.magazinevoce.com.br/anaofertas/smart-tv-50/p/25%07[1]d/et/tv4k/",
	"🤔 *Relógio por R$ 19,%02[2]d*, só hoje!\nhttps://ofertas-relampago-%[1]d.com.br/relogio",
}

// postAnother has Ana post the next deal.
func (s *stage) postAnother(context.Context) error {
	n := s.pressed.Add(1)
	deal := deals[(n-1)%int64(len(deals))]
	_, err := s.ana.PostText(s.source.JID(), fmt.Sprintf(deal, n, 90-n%90))
	return err
}
