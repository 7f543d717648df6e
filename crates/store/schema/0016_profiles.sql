-- What people show of themselves beside name and picture: one JSON object for each who shows anything.
create table profiles (
    user_id $TEXT primary key not null,
    fields $TEXT not null
) $CLUSTERED;
