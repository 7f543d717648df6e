//! The three complaints: about a message, a room, a person.

use ruma::api::client::reporting::report_user;
use ruma::api::client::room::{report_content, report_room};

use crate::error::Refusal;
use crate::extract::Call;
use crate::router::Table;

pub(crate) fn routes(table: Table) -> Table {
    table.matrix(event).matrix(room).matrix(user)
}

async fn event(call: Call<report_content::v3::Request>) -> Result<report_content::v3::Response, Refusal> {
    let body = call.body;
    call.app.report_event(&call.who, body.room_id, body.event_id, body.reason.unwrap_or_default()).await?;
    Ok(report_content::v3::Response::default())
}

async fn room(call: Call<report_room::v3::Request>) -> Result<report_room::v3::Response, Refusal> {
    call.app.report_room(&call.who, call.body.room_id, call.body.reason).await?;
    Ok(report_room::v3::Response::default())
}

async fn user(call: Call<report_user::v3::Request>) -> Result<report_user::v3::Response, Refusal> {
    call.app.report_user(&call.who, call.body.user_id, call.body.reason).await?;
    Ok(report_user::v3::Response::default())
}
