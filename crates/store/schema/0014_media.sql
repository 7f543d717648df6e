-- What is known of media; their bytes are in an object store under media_id.
--
-- state: reserved (announced, nothing came), arriving, ready, evidence (a case is about what showed it, so it is kept and
-- given to nobody), gone (its bytes are to be deleted, then this row). linked: its owner showed it in an event that the
-- server can read, so that it goes with the last such event. expires_ms is set while it is not there yet.
create table media (
    media_id $TEXT primary key not null,
    owner $TEXT not null,
    state $TEXT not null,
    announced $INT not null,
    content_type $TEXT not null,
    file_name $TEXT,
    bytes $INT not null,
    sha256 $BYTES,
    in_place $INT not null default 0,
    linked $INT not null default 0,
    created_ms $INT not null,
    expires_ms $INT
) $CLUSTERED;
create index media_by_owner on media (owner, state);
create index media_not_there on media (expires_ms) where expires_ms is not null;
create index media_gone on media (media_id) where state = 'gone';

-- Which events show which media. kept: as evidence only, since the event was taken back.
create table media_refs (
    media_id $TEXT not null,
    event_id $TEXT not null,
    kept $INT not null default 0,
    primary key (media_id, event_id)
) $CLUSTERED;
create index media_refs_by_event on media_refs (event_id);

-- What a person's media take: no less than the least that a file counts.
create table media_use (
    owner $TEXT primary key not null,
    bytes $INT not null
) $CLUSTERED;

create index users_by_avatar on users (avatar_url) where avatar_url is not null;
