-- How much account data an account keeps, so that a bound costs no look at all of it.
create table account_data_use (
    user_id $TEXT primary key not null,
    bytes $INT not null,
    entries $INT not null
) $CLUSTERED;

insert into account_data_use (user_id, bytes, entries)
    select user_id, sum(octet_length(content)), count(*) from account_data group by user_id;
