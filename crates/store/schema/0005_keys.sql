-- End-to-end encryption: public keys, messages from device to device, encrypted key backups. What is
-- kept here can be passed on, and opened by nobody on the server.

-- key_seq numbers one-time keys as they are uploaded. What a sync tells a device of its own keys stands
-- ready beside it: counts by algorithm and the algorithms with an unused fallback key, both as JSON.
alter table devices add column key_seq $INT not null default 0;
alter table devices add column key_counts $TEXT not null default '{"signed_curve25519":0}';
alter table devices add column fallback_types $TEXT not null default '[]';

-- identity is the `keys` object, which never changes; content is the whole with the device's own signature.
create table device_keys (
    user_id $TEXT not null,
    device_id $TEXT not null,
    identity $TEXT not null,
    content $TEXT not null,
    primary key (user_id, device_id)
) $CLUSTERED;

create table one_time_keys (
    user_id $TEXT not null,
    device_id $TEXT not null,
    algorithm $TEXT not null,
    upload_seq $INT not null,
    key_id $TEXT not null,
    content $TEXT not null,
    primary key (user_id, device_id, algorithm, upload_seq)
) $CLUSTERED;
create unique index one_time_keys_by_id on one_time_keys (user_id, device_id, key_id);

-- Keys that were given out lately, so that an upload repeated late does not bring them back.
create table claimed_keys (
    user_id $TEXT not null,
    device_id $TEXT not null,
    key_id $TEXT not null,
    upload_seq $INT not null,
    content $TEXT not null,
    primary key (user_id, device_id, key_id)
) $CLUSTERED;

create table fallback_keys (
    user_id $TEXT not null,
    device_id $TEXT not null,
    algorithm $TEXT not null,
    key_id $TEXT not null,
    content $TEXT not null,
    used $INT not null default 0,
    primary key (user_id, device_id, algorithm)
) $CLUSTERED;

-- Usage is master, self_signing or user_signing; key_id is `ed25519:` and the public key.
create table cross_signing_keys (
    user_id $TEXT not null,
    usage $TEXT not null,
    key_id $TEXT not null,
    content $TEXT not null,
    primary key (user_id, usage)
) $CLUSTERED;

-- Signatures made over a key by another key. The target is a device ID or the public part of a cross-signing key.
create table signatures (
    user_id $TEXT not null,
    target $TEXT not null,
    signer $TEXT not null,
    signer_key $TEXT not null,
    signature $TEXT not null,
    primary key (user_id, target, signer, signer_key)
) $CLUSTERED;
create index signatures_by_signer on signatures (signer, signer_key);

-- Messages that wait for a device. seq comes from the person's inbox counter: it never goes back, and
-- what waits for a device and what waits for its person have one order.
create table device_queue (
    user_id $TEXT not null,
    device_id $TEXT not null,
    seq $INT not null,
    sender $TEXT not null,
    type $TEXT not null,
    content $TEXT not null,
    primary key (user_id, device_id, seq)
) $CLUSTERED;
create index device_queue_by_sender on device_queue (user_id, device_id, sender);
