package extract

import "strings"

// invites says whether line i does nothing but advertise a group, channel or profile. Each of
// its words has to be one of an invitation's own: a product, a price or a code is not.
func invites(lines []textLine, i int) bool {
	l := &lines[i]
	linked := false
	for _, link := range l.links {
		if !isInvite(link.URL) {
			return false
		}
		linked = true
	}
	place, call := l.handle, linked
	for w := range strings.FieldsSeq(l.words) {
		switch {
		case places[w]:
			place = true
		case calls[w]:
			call = true
		case !asides[w]:
			return false
		}
	}
	switch {
	case linked:
		return l.words == "" || place || call
	case place && call, holdsWords(l.words, "link na bio"), holdsWords(l.words, "convide seus amigos"):
		return true
	}
	return place && i+1 < len(lines) && l.count > 0 && headsInvite(lines[i+1])
}

// headsInvite says whether next, the line after a heading such as "Grupo VIP", is nothing but
// an invite link.
func headsInvite(next textLine) bool {
	return len(next.links) == 1 && next.words == "" && isInvite(next.links[0].URL)
}

// isInvite says whether a link leads into a group, a channel or somebody's profile.
func isInvite(url string) bool {
	host, rest := splitHost(url)
	switch strings.TrimPrefix(host, "www.") {
	case "chat.whatsapp.com", "t.me", "telegram.me", "instagram.com", "linktr.ee":
		return len(rest) > 1
	case "whatsapp.com":
		return strings.HasPrefix(rest, "/channel/")
	}
	return false
}

// The words of an invitation: where to, the call itself, and what else is said with it.
var (
	places = setOf(`grupo grupos canal canais comunidade instagram insta telegram whatsapp zap perfil tiktok youtube
		notificacoes notificacao sininho`)
	calls = setOf(`entre entra entrem entrar participe participa participem participar siga sigam seguir
		convide convidem inscreva junte ative ativem ativa nosso nossa nossos nossas meu minha faca`)
	asides = setOf(`a as o os e ou de do da dos das no na nos nas em um uma ao pra para por com que se ja so
		aqui link bio vip amigo amigos amiga amigas seu seus sua suas voce voces parte membro gratis gratuito
		ofertas oferta promocoes promocao promo promos achado achados achadinho achadinhos cupons descontos
		receba receber todo todos toda todas dia dias perder nao nada nenhuma mais tambem agora ainda
		primeira mao clique clicando toque pelo pela oficial la vem venha ficar fique dentro tudo novidades
		compartilhe divulgue te espero esperamos quer quiser`)
)
