-- Which themes of the rule packs somebody touched upon in a conversation, and when last: never what was said. Rows go
-- after some days.
create table themes (
    room_id $TEXT not null,
    sender $TEXT not null,
    theme $TEXT not null,
    last_ms $INT not null,
    primary key (room_id, sender, theme)
) $CLUSTERED;
create index themes_by_age on themes (last_ms);
