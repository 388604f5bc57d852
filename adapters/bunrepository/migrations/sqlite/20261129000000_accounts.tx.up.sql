ALTER TABLE users ADD COLUMN is_operator INTEGER NOT NULL DEFAULT 0;
--bun:split
ALTER TABLE users ADD COLUMN max_destinations INTEGER NOT NULL DEFAULT 0;
--bun:split
ALTER TABLE users ADD COLUMN max_per_day INTEGER NOT NULL DEFAULT 0;
--bun:split
CREATE TABLE IF NOT EXISTS api_keys (
    user_id    TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    id         TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    prefix     TEXT    NOT NULL,
    hash       TEXT    NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    used_on    INTEGER NOT NULL,
    PRIMARY KEY (user_id, id)
) STRICT;
--bun:split
CREATE TABLE IF NOT EXISTS sessions (
    user_id    TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    id         TEXT    NOT NULL,
    browser    INTEGER NOT NULL,
    device     TEXT    NOT NULL,
    rotation   INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    rotated_at INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, id)
) STRICT;
--bun:split
-- What operators did to a tenant. It is the tenant's to see, and goes with it.
CREATE TABLE IF NOT EXISTS audit_log (
    user_id    TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    id         TEXT    NOT NULL,
    actor      TEXT    NOT NULL,
    action     TEXT    NOT NULL,
    detail     TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, id)
) STRICT;
--bun:split
CREATE INDEX IF NOT EXISTS audit_log_newest ON audit_log (id);
--bun:split
-- What a product cost each time.
CREATE INDEX IF NOT EXISTS offers_product ON offers (user_id, product_key, id) WHERE product_key <> '';
