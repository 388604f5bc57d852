package console

import (
	"net/http"

	"github.com/autopromo-cloud/autopromo/core"
)

type menuItem struct{ path, icon, name string }

// menu lists the pages; the first four are the tabs of a phone.
func (v View) menu() []menuItem {
	items := []menuItem{
		{"/", "home", v.T("Início", "Home")},
		{"/offers", "offers", v.T("Ofertas", "Offers")},
		{"/groups", "groups", v.T("Grupos", "Groups")},
		{"/stores", "stores", v.T("Lojas", "Stores")},
		{"/whatsapp", "phone", "WhatsApp"},
		{"/attention", "held", v.T("Atenção", "Attention")},
		{"/history", "history", v.T("Histórico", "History")},
		{"/preview", "preview", v.T("Testar texto", "Try a text")},
		{"/rules", "rules", v.T("Regras", "Rules")},
		{"/account", "account", v.T("Conta", "Account")},
	}
	if v.Account != nil && v.Account.Operator {
		items = append(items, menuItem{"/operator", "pulse", v.T("Operação", "Operations")})
	}
	return items
}

func noticeClass(n Notice) string {
	if n.Bad {
		return "bad"
	}
	return "good"
}

func statusClass(s core.InstanceStatus) string {
	switch s {
	case core.InstanceConnected:
		return "good"
	case core.InstanceConnecting:
		return "warn"
	case core.InstanceDisconnected:
		return "bad"
	}
	return ""
}

// statusWord is how the WhatsApp stands, in a word or two.
func (v View) statusWord() string {
	switch v.Status {
	case core.InstanceConnected:
		return v.T("WhatsApp conectado", "WhatsApp connected")
	case core.InstanceConnecting:
		return v.T("WhatsApp conectando", "WhatsApp connecting")
	case core.InstanceDisconnected:
		return v.T("WhatsApp desconectado", "WhatsApp disconnected")
	}
	return v.T("WhatsApp não conectado", "WhatsApp not connected")
}

func (v View) wrongTitle(status int) string {
	switch status {
	case http.StatusNotFound:
		return v.T("Página não encontrada", "Page not found")
	case http.StatusForbidden:
		return v.T("Este formulário venceu", "This form has expired")
	case http.StatusServiceUnavailable, http.StatusBadGateway:
		return v.T("Indisponível por um instante", "Unavailable for a moment")
	}
	return v.T("Algo deu errado", "Something went wrong")
}

// Done is the sentence about an action that went well, "" for none we know.
func (v View) Done(action string) string {
	switch action {
	case "saved":
		return v.T("Salvo.", "Saved.")
	case "password_changed":
		return v.T("Senha trocada. Os outros aparelhos saíram da conta.", "Password changed. Other devices were logged out.")
	case "sessions_ended":
		return v.T("Os outros aparelhos saíram da conta.", "Other devices were logged out.")
	case "session_ended":
		return v.T("Sessão encerrada.", "Session ended.")
	case "key_revoked":
		return v.T("Chave revogada. Ela não abre mais nada.", "Key revoked. It opens nothing any more.")
	case "tenant_activated":
		return v.T("Conta ativada.", "Account activated.")
	case "tenant_deactivated":
		return v.T("Conta desativada.", "Account deactivated.")
	case "erased":
		return v.T("A sua conta e todos os dados foram apagados.", "Your account and all its data were erased.")
	case "retried":
		return v.T("Vai ser enviada de novo.", "It will be sent again.")
	case "cancelled":
		return v.T("Envio cancelado.", "Delivery cancelled.")
	case "redriven":
		return v.T("A mensagem vai ser processada de novo.", "The message will be processed again.")
	case "played":
		return v.T("Ana postou no grupo dela. Acompanhe aqui embaixo.", "Ana posted in her group. Watch below.")
	case "disconnected":
		return v.T("WhatsApp desconectado.", "WhatsApp disconnected.")
	case "discovered":
		return v.T("Lista de grupos atualizada.", "The list of groups is up to date.")
	case "watching":
		return v.T("Pronto: as ofertas deste grupo serão repostadas.", "Done: offers of this group will be reposted.")
	case "watching_no_more":
		return v.T("Este grupo não é mais lido.", "This group is not read any more.")
	case "posting":
		return v.T("Pronto: as ofertas saem também neste grupo.", "Done: offers go out to this group too.")
	case "posting_no_more":
		return v.T("Nada mais sai neste grupo.", "Nothing goes out to this group any more.")
	case "tag_saved":
		return v.T("Tag salva. As próximas ofertas desta loja saem com ela.", "Tag saved. The next offers of this store go out with it.")
	case "tag_removed":
		return v.T("Tag removida.", "Tag removed.")
	}
	return ""
}
