-- What an event refers to: the state event it replaced, and the event it relates to. Both are found
-- without looking into contents.
alter table events add column replaces $TEXT;
alter table events add column relates_to $TEXT;
alter table events add column rel_type $TEXT;
create index events_by_relation on events (room_id, relates_to, room_pos) where relates_to is not null;

update events set replaces = (
    select earlier.event_id from events earlier
    where earlier.room_id = events.room_id and earlier.type = events.type and earlier.state_key = events.state_key
    and earlier.state_key is not null and earlier.room_pos < events.room_pos
    order by earlier.room_pos desc limit 1
) where state_key is not null;

-- When a person who closed their account asked that what they said be erased.
alter table users add column erase_asked_ms $INT;
