package core

import "strings"

// Reason says why something was refused, held, skipped or ended. Programs compare it,
// [Reason.Sentence] says it to a person.
type Reason string

// Reasons of refusals at the door (API and webhooks).
const (
	ReasonNotFound            Reason = "not_found"
	ReasonConflict            Reason = "conflict"
	ReasonUnavailable         Reason = "unavailable"
	ReasonInternal            Reason = "internal"
	ReasonInvalidField        Reason = "invalid_field"
	ReasonUnknownField        Reason = "unknown_field"
	ReasonRequired            Reason = "required"
	ReasonMalformedBody       Reason = "malformed_body"
	ReasonBodyTooLarge        Reason = "body_too_large"
	ReasonUnsupportedMedia    Reason = "unsupported_media_type"
	ReasonUnauthenticated     Reason = "unauthenticated"
	ReasonBadCredentials      Reason = "bad_credentials"
	ReasonWrongPassword       Reason = "wrong_password"
	ReasonTooManyAttempts     Reason = "too_many_attempts"
	ReasonAccountInactive     Reason = "account_inactive"
	ReasonNeedsLogin          Reason = "needs_login"
	ReasonTooManyKeys         Reason = "too_many_keys"
	ReasonDestinationLimit    Reason = "destination_limit"
	ReasonOwnAccount          Reason = "own_account"
	ReasonRegistrationClosed  Reason = "registration_closed"
	ReasonEmailTaken          Reason = "email_taken"
	ReasonInvalidEmail        Reason = "invalid_email"
	ReasonInvalidPassword     Reason = "invalid_password"
	ReasonInvalidTimeZone     Reason = "invalid_time_zone"
	ReasonInvalidTime         Reason = "invalid_time"
	ReasonOutOfRange          Reason = "out_of_range"
	ReasonAlreadyConnected    Reason = "already_connected"
	ReasonNoInstance          Reason = "no_instance"
	ReasonNotConnected        Reason = "not_connected"
	ReasonNoQRCode            Reason = "no_qr_code"
	ReasonNoPairingCode       Reason = "no_pairing_code"
	ReasonPhone               Reason = "phone"
	ReasonNoAnswerYet         Reason = "no_answer_yet"
	ReasonProviderRequired    Reason = "provider_required"
	ReasonUnknownProvider     Reason = "unknown_provider"
	ReasonProviderURL         Reason = "provider_url"
	ReasonProviderURLHost     Reason = "provider_url_host"
	ReasonProviderUnreachable Reason = "provider_unreachable"
	ReasonProviderAuth        Reason = "provider_auth"
	ReasonProviderRefused     Reason = "provider_refused"
	ReasonProviderVersion     Reason = "provider_version"
	ReasonProviderLicense     Reason = "provider_license"
	ReasonProviderBusy        Reason = "provider_busy"
	ReasonNotAGroup           Reason = "not_a_group"
	ReasonGroupExists         Reason = "group_exists"
	ReasonGroupIsSource       Reason = "group_is_source"
	ReasonGroupIsDestination  Reason = "group_is_destination"
	ReasonPlatform            Reason = "platform"
	ReasonUnknownStore        Reason = "unknown_store"
	ReasonTagExists           Reason = "tag_exists"
	ReasonTagField            Reason = "tag_field"
	ReasonTagFieldMissing     Reason = "tag_field_missing"
	ReasonTagByNetwork        Reason = "tag_by_network"
	ReasonTagMarketplace      Reason = "tag_marketplace"
	ReasonInvalidCursor       Reason = "invalid_cursor"
	ReasonDeliveryState       Reason = "delivery_state"
	ReasonInstanceMismatch    Reason = "instance_mismatch"
	ReasonWebhookRefused      Reason = "webhook_refused"
)

// Reasons a WhatsApp session ended by itself.
const (
	ReasonLoggedOut        Reason = "logged_out"
	ReasonNumberRestricted Reason = "number_restricted"
	ReasonNotScanned       Reason = "not_scanned"
	// Away, but it comes back by itself.
	ReasonRestrictedForNow    Reason = "restricted_for_now"
	ReasonWhatsAppRefused     Reason = "whatsapp_refused"
	ReasonWhatsAppUnreachable Reason = "whatsapp_unreachable"
	ReasonPasskey             Reason = "passkey_required" // before WhatsApp links the number
)

// Reasons an inbox entry was not made an offer.
const (
	ReasonStale     Reason = "stale"
	ReasonNoContent Reason = "no_content"
	ReasonNoLink    Reason = "no_link"
	ReasonTooLong   Reason = "too_long"
	ReasonNotSource Reason = "not_source"
	ReasonPoison    Reason = "poison"
	ReasonBacklog   Reason = "backlog"
)

// Reasons an offer or one delivery is held, cancelled, failed, expired or unsure.
const (
	ReasonNoTag              Reason = "no_tag"
	ReasonLinkUnknownStore   Reason = "link_unknown_store"
	ReasonLinkUnresolved     Reason = "link_unresolved"
	ReasonLinkDead           Reason = "link_dead"
	ReasonLinkDeceptive      Reason = "link_deceptive"
	ReasonLinkTorn           Reason = "link_torn"
	ReasonLinkNotProduct     Reason = "link_not_product"
	ReasonLinkForeignProfile Reason = "link_foreign_profile"
	ReasonLinkMarketplace    Reason = "link_marketplace"
	ReasonLinkForeignChannel Reason = "link_foreign_channel"
	ReasonLinkShowcase       Reason = "link_showcase"
	ReasonLinkHotlink        Reason = "link_hotlink"
	ReasonLinkPortalOnly     Reason = "link_portal_only"
	ReasonLinkCreator        Reason = "link_creator"
	ReasonLinkPromoter       Reason = "link_promoter"
	ReasonLinkNeedsAPI       Reason = "link_needs_api"
	ReasonMintFailed         Reason = "mint_failed"
	ReasonForeignCoupon      Reason = "foreign_coupon"
	ReasonStoreNotAllowed    Reason = "store_not_allowed"
	ReasonWordMissing        Reason = "word_missing"
	ReasonWordBlocked        Reason = "word_blocked"
	ReasonPriceBelow         Reason = "price_below"
	ReasonPriceAbove         Reason = "price_above"
	ReasonPriceUnclear       Reason = "price_unclear"
	ReasonDiscountBelow      Reason = "discount_below"
	ReasonDiscountUnclear    Reason = "discount_unclear"
	ReasonNotProven          Reason = "not_proven"
	ReasonSoldOut            Reason = "sold_out"
	ReasonStoreBlocked       Reason = "store_blocked"
	ReasonNoDestination      Reason = "no_destination"
	ReasonDuplicateProduct   Reason = "duplicate_product"
	ReasonDuplicateText      Reason = "duplicate_text"
	ReasonRevoked            Reason = "revoked"
	ReasonEdited             Reason = "edited"
	ReasonByPerson           Reason = "by_person"
	ReasonDestinationOff     Reason = "destination_off"
	ReasonTooOld             Reason = "too_old"
	ReasonWaitingConnection  Reason = "waiting_connection"
	ReasonWaitingWindow      Reason = "waiting_window"
	ReasonWaitingCap         Reason = "waiting_cap"
	ReasonProviderThrottle   Reason = "provider_throttle"
	ReasonProviderTemporary  Reason = "provider_temporary"
	ReasonProviderInvalid    Reason = "provider_invalid"
	ReasonGroupGone          Reason = "group_gone"
	ReasonGroupForbidden     Reason = "group_forbidden"
	ReasonMediaGone          Reason = "media_gone"
	ReasonOutcomeUnknown     Reason = "outcome_unknown"
	ReasonNoProof            Reason = "no_proof"
)

// Language of a sentence.
type Language string

// The languages spoken to people. Brazilian Portuguese is the default.
const (
	Portuguese Language = "pt-BR"
	English    Language = "en"
)

// Sentence says the reason to a person. Detail replaces {detail}; it may be empty. An
// unknown reason is shown by its code.
func (r Reason) Sentence(l Language, detail string) string {
	s, ok := sentences[r]
	if !ok {
		return string(r)
	}
	text := s.pt
	if l == English {
		text = s.en
	}
	if detail == "" {
		text = strings.ReplaceAll(text, " ({detail})", "")
		text = strings.ReplaceAll(text, ": {detail}", "")
	}
	return strings.ReplaceAll(text, "{detail}", detail)
}

// Reasons returns every reason that has a sentence, in no order.
func Reasons() []Reason {
	all := make([]Reason, 0, len(sentences))
	for r := range sentences {
		all = append(all, r)
	}
	return all
}
