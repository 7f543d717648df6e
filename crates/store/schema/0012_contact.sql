-- Whom somebody tried to reach without knowing them, whether it was allowed or not: who and when, never what
-- was said. The target may be a name that nobody has. Rows go after a few days.
create table contact_attempts (
    opener $TEXT not null,
    target $TEXT not null,
    young $INT not null,
    refused $INT not null,
    attempts $INT not null,
    first_ms $INT not null,
    last_ms $INT not null,
    primary key (opener, target)
) $CLUSTERED;
create index contact_attempts_by_age on contact_attempts (last_ms);
