-- Connections of sliding sync: what a device was told of which room, in the two versions that its next
-- request may name: the one it has shown to have, and the one it was given last. A state is JSON and is
-- written only when a room comes into or falls out of it; positions are in the client's token.
create table sliding_connections (
    user_id $TEXT not null,
    device_id $TEXT not null,
    conn_id $TEXT not null,
    shown $TEXT not null,
    shown_state $TEXT not null,
    given $TEXT not null,
    given_state $TEXT not null,
    used_ms $INT not null,
    primary key (user_id, device_id, conn_id)
) $CLUSTERED;
create index sliding_connections_by_use on sliding_connections (used_ms);
