-- Times are milliseconds since the epoch, booleans are 0 or 1, JSON is text.

-- What this deployment must remember of itself: server name, keys.
-- What the deployment is, once and for all: server_name.
create table meta (
    meta_key $TEXT primary key not null,
    value $TEXT not null
) $CLUSTERED;

-- People -----------------------------------------------------------------------------------------

create table users (
    user_id $TEXT primary key not null,
    localpart $TEXT not null,
    password_hash $TEXT,
    display_name $TEXT,
    avatar_url $TEXT,
    age_band $TEXT not null,
    jurisdiction $TEXT not null,
    tenant $TEXT not null,
    state $TEXT not null,
    strikes $INT not null default 0,
    service $INT not null default 0,
    next_filter $INT not null default 0,
    created_ms $INT not null
) $STRICT;
create index users_by_display_name on users (lower(display_name));

-- The inbox counter: its row lock gives every person's positions their order.
create table user_seq (
    user_id $TEXT primary key not null,
    pos $INT not null,
    floor $INT not null default 0
) $CLUSTERED;

create table staff_roles (
    user_id $TEXT not null,
    role $TEXT not null,
    granted_ms $INT not null,
    primary key (user_id, role)
) $CLUSTERED;

create table staff_sessions (
    token_hash $BYTES primary key not null,
    user_id $TEXT not null,
    expires_ms $INT not null
) $CLUSTERED;

create table devices (
    user_id $TEXT not null,
    device_id $TEXT not null,
    display_name $TEXT,
    created_ms $INT not null,
    last_seen_ms $INT not null,
    primary key (user_id, device_id)
) $CLUSTERED;

create table access_tokens (
    token_hash $BYTES primary key not null,
    user_id $TEXT not null,
    device_id $TEXT not null,
    created_ms $INT not null
) $CLUSTERED;
create index access_tokens_by_device on access_tokens (user_id, device_id);

create table account_data (
    user_id $TEXT not null,
    room_id $TEXT not null,
    type $TEXT not null,
    content $TEXT not null,
    primary key (user_id, room_id, type)
) $CLUSTERED;

create table filters (
    user_id $TEXT not null,
    filter_id $INT not null,
    definition $TEXT not null,
    primary key (user_id, filter_id)
) $CLUSTERED;

-- Rooms ------------------------------------------------------------------------------------------

create table rooms (
    room_id $TEXT primary key not null,
    version $TEXT not null,
    mode $TEXT not null,
    tenant $TEXT not null,
    creator $TEXT not null,
    last_pos $INT not null,
    state_version $INT not null,
    created_ms $INT not null
) $STRICT;

-- withheld: 0 delivered, 1 withheld (only the sender sees it), 2 refused after having been withheld.
create table events (
    event_key $ID,
    room_id $TEXT not null,
    room_pos $INT not null,
    event_id $TEXT not null,
    type $TEXT not null,
    state_key $TEXT,
    sender $TEXT not null,
    sender_device $TEXT,
    txn_id $TEXT,
    origin_ts $INT not null,
    header $TEXT not null,
    content $TEXT not null,
    redacted_by $TEXT,
    withheld $INT not null default 0
) $STRICT;
create unique index events_by_place on events (room_id, room_pos);
create unique index events_by_id on events (event_id);
create index events_state on events (room_id, type, state_key, room_pos) where state_key is not null;
create index events_withheld on events (room_id) where withheld = 1;

create table room_state (
    room_id $TEXT not null,
    type $TEXT not null,
    state_key $TEXT not null,
    room_pos $INT not null,
    primary key (room_id, type, state_key)
) $CLUSTERED;

-- One row per person and room they ever had to do with. member_pos is the place of the member event.
create table members (
    room_id $TEXT not null,
    user_id $TEXT not null,
    membership $TEXT not null,
    member_pos $INT not null,
    inbox_pos $INT not null,
    stripped $TEXT,
    forgotten $INT not null default 0,
    notify_count $INT not null default 0,
    highlight_count $INT not null default 0,
    primary key (room_id, user_id)
) $CLUSTERED;
create index members_by_user on members (user_id, membership);
create index members_by_edge on members (user_id, inbox_pos);

-- What a person has to see, in their order. References, never content.
create table inbox (
    user_id $TEXT not null,
    pos $INT not null,
    room_id $TEXT not null,
    room_pos $INT not null,
    primary key (user_id, pos)
) $CLUSTERED;

-- What changed for a person and is looked up by key: one row per (kind, key), moved to a new position.
create table marks (
    user_id $TEXT not null,
    kind $TEXT not null,
    mark_key $TEXT not null,
    pos $INT not null,
    primary key (user_id, kind, mark_key)
) $CLUSTERED;
create index marks_by_pos on marks (user_id, pos);

create table receipts (
    room_id $TEXT not null,
    user_id $TEXT not null,
    type $TEXT not null,
    thread_id $TEXT not null,
    event_id $TEXT not null,
    room_pos $INT not null,
    ts $INT not null,
    primary key (room_id, user_id, type, thread_id)
) $CLUSTERED;

-- A retried request gets the first answer: event_id when it was accepted, refusal when not.
create table txns (
    user_id $TEXT not null,
    device_id $TEXT not null,
    txn_key $TEXT not null,
    event_id $TEXT,
    refusal $TEXT,
    ts $INT not null,
    primary key (user_id, device_id, txn_key)
) $CLUSTERED;
create index txns_by_ts on txns (ts);

-- Safety work ------------------------------------------------------------------------------------

-- A finding that needs a person. blocked_content is the body of a message that was refused and so is no event.
create table flags (
    flag_id $ID,
    case_id $INT not null,
    room_id $TEXT not null,
    event_id $TEXT,
    sender $TEXT not null,
    event_type $TEXT not null,
    action $TEXT not null,
    verdict $TEXT not null,
    facts $TEXT not null,
    findings $TEXT not null,
    blocked_content $TEXT,
    created_ms $INT not null
) $STRICT;
create index flags_by_case on flags (case_id);
create index flags_by_event on flags (event_id);

create table cases (
    case_id $ID,
    kind $TEXT not null,
    source $TEXT not null,
    state $TEXT not null,
    priority $INT not null,
    severity $INT not null,
    queue $TEXT not null,
    harms $TEXT not null,
    action $TEXT,
    subject $TEXT not null,
    room_id $TEXT,
    event_id $TEXT,
    message_state $TEXT,
    hold_until_ms $INT,
    on_timeout $TEXT,
    reports $INT not null default 0,
    opened_ms $INT not null,
    due_ms $INT not null,
    claimed_by $TEXT,
    claim_until_ms $INT,
    decided_ms $INT
) $STRICT;
create index cases_by_queue on cases (state, priority, opened_ms, case_id);
create index cases_by_hold on cases (hold_until_ms) where message_state = 'withheld';
create index cases_by_event on cases (event_id);
create index cases_by_subject on cases (subject);
create index cases_by_room on cases (room_id);
create index cases_by_claim on cases (claim_until_ms) where state = 'claimed';

create table claims (
    claim_id $ID,
    case_id $INT not null,
    staff $TEXT not null,
    from_ms $INT not null,
    to_ms $INT,
    end_reason $TEXT
) $STRICT;
create index claims_by_case on claims (case_id);

create table reports (
    report_id $ID,
    case_id $INT not null,
    kind $TEXT not null,
    reporter $TEXT not null,
    target $TEXT not null,
    room_id $TEXT,
    event_id $TEXT,
    target_user $TEXT,
    reason $TEXT not null,
    created_ms $INT not null
) $STRICT;
create unique index reports_once on reports (reporter, kind, target);
create index reports_by_case on reports (case_id);

create table decisions (
    decision_id $ID,
    case_id $INT not null,
    decider $TEXT not null,
    outcome $TEXT not null,
    note $TEXT not null,
    created_ms $INT not null
) $STRICT;
create index decisions_by_case on decisions (case_id);

-- Who read what, when and why; written in the transaction that selects the bodies.
create table access_records (
    access_id $ID,
    case_id $INT not null,
    staff $TEXT not null,
    role $TEXT not null,
    action $TEXT not null,
    reason $TEXT not null,
    room_id $TEXT,
    subjects $TEXT not null,
    event_ids $TEXT not null,
    created_ms $INT not null
) $STRICT;
create index access_records_by_case on access_records (case_id);

create table access_subjects (
    user_id $TEXT not null,
    access_id $INT not null,
    primary key (user_id, access_id)
) $CLUSTERED;

-- The room in which the service account tells a person what was decided.
create table notice_rooms (
    user_id $TEXT primary key not null,
    room_id $TEXT not null
) $CLUSTERED;

-- Work to be done after a commit, at least once: webhooks and notices.
create table outbox (
    outbox_id $ID,
    kind $TEXT not null,
    payload $TEXT not null,
    state $TEXT not null,
    attempts $INT not null default 0,
    next_attempt_ms $INT not null,
    last_status $TEXT,
    created_ms $INT not null
) $STRICT;
create index outbox_due on outbox (state, next_attempt_ms);
