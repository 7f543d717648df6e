-- Threads of a room, and the answers in one, without looking at other relations.
create index events_by_thread on events (room_id, relates_to, room_pos) where rel_type = 'm.thread';

-- What is unread of each thread; counted in members too, which has all of a room.
create table thread_unread (
    user_id $TEXT not null,
    room_id $TEXT not null,
    thread_id $TEXT not null,
    notify_count $INT not null,
    highlight_count $INT not null,
    primary key (user_id, room_id, thread_id)
) $CLUSTERED;
