ALTER TABLE inbox ADD COLUMN IF NOT EXISTS retries integer NOT NULL DEFAULT 0;
--bun:split
ALTER TABLE group_sources ADD COLUMN IF NOT EXISTS words jsonb NOT NULL DEFAULT '{}';
--bun:split
ALTER TABLE offers ADD COLUMN IF NOT EXISTS list_price_cents bigint NOT NULL DEFAULT 0;
--bun:split
ALTER TABLE offers ADD COLUMN IF NOT EXISTS discount_percent integer NOT NULL DEFAULT 0;
--bun:split
ALTER TABLE offers ADD COLUMN IF NOT EXISTS free_shipping boolean NOT NULL DEFAULT false;
--bun:split
ALTER TABLE offers ADD COLUMN IF NOT EXISTS app_only boolean NOT NULL DEFAULT false;
--bun:split
ALTER TABLE offers ADD COLUMN IF NOT EXISTS coupon_only boolean NOT NULL DEFAULT false;
--bun:split
ALTER TABLE offers ADD COLUMN IF NOT EXISTS sold_out boolean NOT NULL DEFAULT false;
--bun:split
ALTER TABLE offers ADD COLUMN IF NOT EXISTS text_key text NOT NULL DEFAULT '';
--bun:split
ALTER TABLE offers ADD COLUMN IF NOT EXISTS near_key text NOT NULL DEFAULT '';
--bun:split
CREATE INDEX IF NOT EXISTS offers_near ON offers (user_id, near_key, created_at, id) WHERE near_key <> '';
--bun:split
ALTER TABLE deliveries ADD COLUMN IF NOT EXISTS next_text text NOT NULL DEFAULT '';
--bun:split
ALTER TABLE deliveries ADD COLUMN IF NOT EXISTS next_product_key text NOT NULL DEFAULT '';
--bun:split
ALTER TABLE deliveries ADD COLUMN IF NOT EXISTS next_text_key text NOT NULL DEFAULT '';
--bun:split
-- The policies hold for the owner too, who is no tenant: for what follows he has to be let in.
ALTER TABLE offers NO FORCE ROW LEVEL SECURITY;
--bun:split
ALTER TABLE deliveries NO FORCE ROW LEVEL SECURITY;
--bun:split
-- Until now a delivery caught up with its offer's text.
UPDATE deliveries SET
    next_text = (SELECT o.final_text FROM offers AS o WHERE o.user_id = deliveries.user_id AND o.id = deliveries.offer_id),
    next_product_key = (SELECT o.product_key FROM offers AS o WHERE o.user_id = deliveries.user_id AND o.id = deliveries.offer_id),
    next_text_key = text_key
WHERE state IN ('dispatching', 'ambiguous', 'unconfirmed', 'failed');
--bun:split
ALTER TABLE offers FORCE ROW LEVEL SECURITY;
--bun:split
ALTER TABLE deliveries FORCE ROW LEVEL SECURITY;
--bun:split
CREATE TABLE IF NOT EXISTS minted_links (
    user_id     uuid    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    link        text    NOT NULL,
    store_slug  text    NOT NULL,
    target      text    NOT NULL,
    tag_print   text    NOT NULL,
    sub_group   text    NOT NULL,
    sub_offer   text    NOT NULL,
    product_key text    NOT NULL,
    created_at  bigint  NOT NULL,
    PRIMARY KEY (user_id, link)
);
--bun:split
CREATE INDEX IF NOT EXISTS minted_links_made ON minted_links (user_id, store_slug, target, tag_print, sub_group, sub_offer, created_at);
--bun:split
ALTER TABLE minted_links ENABLE ROW LEVEL SECURITY;
--bun:split
ALTER TABLE minted_links FORCE ROW LEVEL SECURITY;
--bun:split
DROP POLICY IF EXISTS tenant ON minted_links;
--bun:split
CREATE POLICY tenant ON minted_links
    USING (user_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    WITH CHECK (user_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
