-- Sealed conversations: what the server checked about ciphertext that it cannot read.

-- A Megolm session by its first use. It is one device's, in one room; another use of it is noted on the event.
create table megolm_sessions (
    session_key $ID,
    session_id $TEXT not null,
    user_id $TEXT not null,
    device_id $TEXT not null,
    room_id $TEXT not null,
    first_event_id $TEXT not null,
    first_ms $INT not null
) $STRICT;
create unique index megolm_sessions_by_id on megolm_sessions (session_id);

-- An encrypted event. It outlives the redaction of its ciphertext. repeated counts the events that had this index
-- of the session before; elsewhere says that the session is another device's or another room's.
create table sealed_events (
    event_id $TEXT primary key not null,
    session_key $INT not null,
    message_index $INT not null,
    repeated $INT not null,
    elsewhere $INT not null,
    ciphertext_bytes $INT not null
) $CLUSTERED;
create unique index sealed_events_by_index on sealed_events (session_key, message_index, repeated);
