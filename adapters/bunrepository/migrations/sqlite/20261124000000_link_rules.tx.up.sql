ALTER TABLE inbox ADD COLUMN retries INTEGER NOT NULL DEFAULT 0;
--bun:split
ALTER TABLE group_sources ADD COLUMN words TEXT NOT NULL DEFAULT '{}';
--bun:split
ALTER TABLE offers ADD COLUMN list_price_cents INTEGER NOT NULL DEFAULT 0;
--bun:split
ALTER TABLE offers ADD COLUMN discount_percent INTEGER NOT NULL DEFAULT 0;
--bun:split
ALTER TABLE offers ADD COLUMN free_shipping INTEGER NOT NULL DEFAULT 0;
--bun:split
ALTER TABLE offers ADD COLUMN app_only INTEGER NOT NULL DEFAULT 0;
--bun:split
ALTER TABLE offers ADD COLUMN coupon_only INTEGER NOT NULL DEFAULT 0;
--bun:split
ALTER TABLE offers ADD COLUMN sold_out INTEGER NOT NULL DEFAULT 0;
--bun:split
ALTER TABLE offers ADD COLUMN text_key TEXT NOT NULL DEFAULT '';
--bun:split
ALTER TABLE offers ADD COLUMN near_key TEXT NOT NULL DEFAULT '';
--bun:split
CREATE INDEX IF NOT EXISTS offers_near ON offers (user_id, near_key, created_at, id) WHERE near_key <> '';
--bun:split
ALTER TABLE deliveries ADD COLUMN next_text TEXT NOT NULL DEFAULT '';
--bun:split
ALTER TABLE deliveries ADD COLUMN next_product_key TEXT NOT NULL DEFAULT '';
--bun:split
ALTER TABLE deliveries ADD COLUMN next_text_key TEXT NOT NULL DEFAULT '';
--bun:split
-- Until now a delivery caught up with its offer's text.
UPDATE deliveries SET
    next_text = (SELECT o.final_text FROM offers AS o WHERE o.user_id = deliveries.user_id AND o.id = deliveries.offer_id),
    next_product_key = (SELECT o.product_key FROM offers AS o WHERE o.user_id = deliveries.user_id AND o.id = deliveries.offer_id),
    next_text_key = text_key
WHERE state IN ('dispatching', 'ambiguous', 'unconfirmed', 'failed');
--bun:split
CREATE TABLE IF NOT EXISTS minted_links (
    user_id     TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    link        TEXT    NOT NULL,
    store_slug  TEXT    NOT NULL,
    target      TEXT    NOT NULL,
    tag_print   TEXT    NOT NULL,
    sub_group   TEXT    NOT NULL,
    sub_offer   TEXT    NOT NULL,
    product_key TEXT    NOT NULL,
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (user_id, link)
) STRICT;
--bun:split
CREATE INDEX IF NOT EXISTS minted_links_made ON minted_links (user_id, store_slug, target, tag_print, sub_group, sub_offer, created_at);
