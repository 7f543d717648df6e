-- Key backups: what a device may take from the server when it is new, encrypted by the person's own key.

-- A deleted version stays as a row without content, for as long as it is the newest: its number is used up.
create table backup_versions (
    user_id $TEXT not null,
    version $INT not null,
    algorithm $TEXT not null,
    auth_data $TEXT not null,
    etag $INT not null default 0,
    key_count $INT not null default 0,
    deleted $INT not null default 0,
    primary key (user_id, version)
) $CLUSTERED;

create table backup_keys (
    user_id $TEXT not null,
    version $INT not null,
    room_id $TEXT not null,
    session_id $TEXT not null,
    verified $INT not null,
    first_index $INT not null,
    forwarded $INT not null,
    session_data $TEXT not null,
    primary key (user_id, version, room_id, session_id)
) $CLUSTERED;
