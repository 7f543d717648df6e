-- Where a person's applications want to hear that something is new. device_id: the log-in that set it, with which it goes.
-- told_pos: up to which position of the inbox it was told; the inbox is the queue, so nothing is written for a pusher when
-- somebody sends. told_unread: the count it was told last. attempts: calls that failed one after another. next_ms: not
-- before this moment, since a call failed or is under way.
create table pushers (
    user_id $TEXT not null,
    app_id $TEXT not null,
    pushkey $TEXT not null,
    device_id $TEXT not null,
    app_display_name $TEXT not null,
    device_display_name $TEXT not null,
    profile_tag $TEXT,
    lang $TEXT not null,
    url $TEXT not null,
    data $TEXT not null,
    set_ms $INT not null,
    told_pos $INT not null,
    told_unread $INT not null default 0,
    attempts $INT not null default 0,
    next_ms $INT not null default 0,
    primary key (user_id, app_id, pushkey)
) $CLUSTERED;
create index pushers_by_key on pushers (app_id, pushkey);
create index pushers_failing on pushers (next_ms) where attempts > 0;
