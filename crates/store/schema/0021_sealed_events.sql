-- What is noted of an encrypted event goes by the event's number, which grows: rows of messages that come together lie
-- together. Before, it went by the event's ID, and every message had a page of its own to write.
alter table sealed_events rename to sealed_events_by_id;
drop index sealed_events_by_index;

create table sealed_events (
    event_key $INT primary key not null,
    session_key $INT not null,
    message_index $INT not null,
    repeated $INT not null,
    elsewhere $INT not null,
    ciphertext_bytes $INT not null
) $STRICT;
insert into sealed_events (event_key, session_key, message_index, repeated, elsewhere, ciphertext_bytes)
    select e.event_key, m.session_key, m.message_index, m.repeated, m.elsewhere, m.ciphertext_bytes
    from sealed_events_by_id m join events e on e.event_id = m.event_id;
create unique index sealed_events_by_index on sealed_events (session_key, message_index, repeated);
drop table sealed_events_by_id;
