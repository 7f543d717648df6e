-- A retried request gets the first answer: event_id when it was accepted, refusal when not. The key is short and begins
-- with a hash of the device, so that a device's rows lie together; its making is in command/txn.rs. Rows of `txns`, which
-- spelled out person, device and path, are brought over by the step in migrate.rs.
create table answers (
    txn_hash $BYTES primary key not null,
    event_id $TEXT,
    refusal $TEXT,
    ts $INT not null
) $CLUSTERED;
