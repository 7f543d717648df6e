-- Access tokens that end, and the refresh tokens that get the next pair.
--
-- fresh: given out and not used yet. A device has at most one pair that is in use and one that is fresh. The one in use
-- counts until the fresh one is used, so that an answer that was lost costs nothing.
alter table access_tokens add column expires_ms $INT;
alter table access_tokens add column fresh $INT not null default 0;

create table refresh_tokens (
    token_hash $BYTES primary key not null,
    user_id $TEXT not null,
    device_id $TEXT not null,
    fresh $INT not null,
    created_ms $INT not null
) $CLUSTERED;
create index refresh_tokens_by_device on refresh_tokens (user_id, device_id);
