DROP TABLE IF EXISTS minted_links;
--bun:split
ALTER TABLE deliveries DROP COLUMN IF EXISTS next_text_key;
--bun:split
ALTER TABLE deliveries DROP COLUMN IF EXISTS next_product_key;
--bun:split
ALTER TABLE deliveries DROP COLUMN IF EXISTS next_text;
--bun:split
DROP INDEX IF EXISTS offers_near;
--bun:split
ALTER TABLE offers DROP COLUMN IF EXISTS near_key;
--bun:split
ALTER TABLE offers DROP COLUMN IF EXISTS text_key;
--bun:split
ALTER TABLE offers DROP COLUMN IF EXISTS sold_out;
--bun:split
ALTER TABLE offers DROP COLUMN IF EXISTS coupon_only;
--bun:split
ALTER TABLE offers DROP COLUMN IF EXISTS app_only;
--bun:split
ALTER TABLE offers DROP COLUMN IF EXISTS free_shipping;
--bun:split
ALTER TABLE offers DROP COLUMN IF EXISTS discount_percent;
--bun:split
ALTER TABLE offers DROP COLUMN IF EXISTS list_price_cents;
--bun:split
ALTER TABLE group_sources DROP COLUMN IF EXISTS words;
--bun:split
ALTER TABLE inbox DROP COLUMN IF EXISTS retries;
