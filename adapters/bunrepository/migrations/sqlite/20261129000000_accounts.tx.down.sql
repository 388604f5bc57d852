DROP INDEX IF EXISTS offers_product;
--bun:split
DROP TABLE IF EXISTS audit_log;
--bun:split
DROP TABLE IF EXISTS sessions;
--bun:split
DROP TABLE IF EXISTS api_keys;
--bun:split
ALTER TABLE users DROP COLUMN max_per_day;
--bun:split
ALTER TABLE users DROP COLUMN max_destinations;
--bun:split
ALTER TABLE users DROP COLUMN is_operator;
