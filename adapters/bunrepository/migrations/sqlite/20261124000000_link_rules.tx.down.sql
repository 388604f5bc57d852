DROP TABLE IF EXISTS minted_links;
--bun:split
ALTER TABLE deliveries DROP COLUMN next_text_key;
--bun:split
ALTER TABLE deliveries DROP COLUMN next_product_key;
--bun:split
ALTER TABLE deliveries DROP COLUMN next_text;
--bun:split
DROP INDEX IF EXISTS offers_near;
--bun:split
ALTER TABLE offers DROP COLUMN near_key;
--bun:split
ALTER TABLE offers DROP COLUMN text_key;
--bun:split
ALTER TABLE offers DROP COLUMN sold_out;
--bun:split
ALTER TABLE offers DROP COLUMN coupon_only;
--bun:split
ALTER TABLE offers DROP COLUMN app_only;
--bun:split
ALTER TABLE offers DROP COLUMN free_shipping;
--bun:split
ALTER TABLE offers DROP COLUMN discount_percent;
--bun:split
ALTER TABLE offers DROP COLUMN list_price_cents;
--bun:split
ALTER TABLE group_sources DROP COLUMN words;
--bun:split
ALTER TABLE inbox DROP COLUMN retries;
