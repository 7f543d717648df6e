-- What the host platform tells of people, for the rules on who may write to whom.

-- The guardian of a young person, and what the guardian or the platform narrowed their contacts to:
-- friends, or guardian; null where nobody did.
alter table users add column guardian $TEXT;
alter table users add column contact_limit $TEXT;
create index users_by_guardian on users (guardian) where guardian is not null;

-- Who follows and who blocks whom. Two people who follow each other are friends.
create table relations (
    user_id $TEXT not null,
    other $TEXT not null,
    follows $INT not null default 0,
    blocks $INT not null default 0,
    primary key (user_id, other)
) $CLUSTERED;
create index relations_by_other on relations (other);

-- Keys of the host platform, as hashes.
create table host_keys (
    key_hash $BYTES primary key not null,
    name $TEXT not null,
    tenant $TEXT not null,
    created_ms $INT not null,
    revoked_ms $INT
) $CLUSTERED;
create unique index host_keys_by_name on host_keys (name);
