//! Sliding sync (MSC4186), in the form that clients use today and in the form that was accepted: each
//! reads its request into the one that the server works with.

mod accepted;
mod deployed;

use app::sync::sliding::{Extensions, Scope, ToDevice};
use axum::response::Response;
use serde::Deserialize;

use crate::error::{Refusal, text_response};
use crate::extract::Call;
use crate::router::Table;

pub(crate) fn routes(table: Table) -> Table {
    table.raw(deployed).raw(accepted)
}

async fn deployed(call: Call<deployed::Request>) -> Result<Response, Refusal> {
    let request = call.body.understood(&call.query, &call.who.user_id)?;
    Ok(text_response(Box::pin(call.app.sliding_sync(&call.who, request)).await?))
}

async fn accepted(call: Call<accepted::Request>) -> Result<Response, Refusal> {
    let request = call.body.understood()?;
    Ok(text_response(Box::pin(call.app.sliding_sync(&call.who, request)).await?))
}

/// The `extensions` of either form; unknown ones are not answered.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct AskedExtensions {
    to_device: AskedToDevice,
    e2ee: AskedE2ee,
    account_data: AskedScope,
    receipts: AskedScope,
    typing: AskedScope,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct AskedToDevice {
    enabled: Option<bool>,
    limit: Option<u32>,
    since: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct AskedE2ee {
    enabled: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct AskedScope {
    enabled: Option<bool>,
    lists: Option<Vec<String>>,
    rooms: Option<Vec<String>>,
}

impl AskedExtensions {
    fn understood(self) -> Extensions {
        let on = |enabled: Option<bool>| enabled == Some(true);
        let scope = |asked: AskedScope| {
            let set = |names: Option<Vec<String>>| names.map(|names| names.into_iter().collect());
            on(asked.enabled).then(|| Scope { lists: set(asked.lists), rooms: set(asked.rooms) })
        };
        let AskedToDevice { enabled, limit, since } = self.to_device;
        let limit = limit.and_then(|limit| usize::try_from(limit).ok());
        Extensions {
            to_device: on(enabled).then_some(ToDevice { limit, since }),
            e2ee: on(self.e2ee.enabled),
            account_data: scope(self.account_data),
            receipts: scope(self.receipts),
            typing: scope(self.typing),
        }
    }
}

/// Makes a body of JSON a request that the router takes: by POST, with a token.
macro_rules! json_request {
    ($body:ty, $path:literal) => {
        impl ruma::api::Metadata for Request {
            const METHOD: http::Method = http::Method::POST;
            const RATE_LIMITED: bool = false;
            type Authentication = ruma::api::auth_scheme::AccessToken;
            type PathBuilder = ruma::api::path_builder::SinglePath;
            const PATH_BUILDER: Self::PathBuilder = ruma::api::path_builder::SinglePath::new($path);
        }

        impl ruma::api::IncomingRequest for Request {
            type EndpointError = ruma::api::error::Error;
            // what is answered is written as text
            type OutgoingResponse = ruma::api::client::session::logout::v3::Response;

            fn try_from_http_request_inner(
                request: http::Request<&[u8]>,
                _: &[&str],
            ) -> Result<Self, ruma::api::error::DeserializationError> {
                Ok(Self(serde_json::from_slice::<$body>(request.body())?))
            }
        }
    };
}
use json_request;
