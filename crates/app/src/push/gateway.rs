//! One call to a push gateway (spec "Push Gateway API").

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::OnceLock;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Collected, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::rt::TokioExecutor;
use model::limits;
use serde::Deserialize;
use serde_json::Value as Json;
use tower::util::ServiceFn;

use crate::config::on_public_network;
use crate::config::{PushGateways, TlsError};

type Addresses = Pin<Box<dyn Future<Output = io::Result<std::vec::IntoIter<SocketAddr>>> + Send>>;
type Resolver = ServiceFn<fn(Name) -> Addresses>;
type Caller = Client<HttpsConnector<HttpConnector<Resolver>>, Full<Bytes>>;

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Taken; or refused for good, so that it makes no sense to try again.
    Done,
    /// The gateway does not know the key any more.
    Rejected,
    /// It may do better later.
    Later(String),
}

/// An HTTP client with its connections, made when the first gateway is called.
#[derive(Debug, Default)]
pub(crate) struct Gateway(OnceLock<Caller>);

impl Gateway {
    fn caller(&self, gateways: &PushGateways, dev: bool) -> Result<&Caller, TlsError> {
        if let Some(caller) = self.0.get() {
            return Ok(caller);
        }
        let resolve: fn(Name) -> Addresses = if gateways.may_be_inside(dev) { anywhere } else { outside };
        let mut http = HttpConnector::new_with_resolver(tower::service_fn(resolve));
        http.enforce_http(false);
        let tls = (*gateways.tls()?.0).clone();
        let connector = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1().wrap_connector(http);
        Ok(self.0.get_or_init(|| Client::builder(TokioExecutor::new()).build(connector)))
    }

    /// Posts a message about the device with this key. Redirects are not followed.
    pub(crate) async fn post(&self, gateways: &PushGateways, dev: bool, url: &str, pushkey: &str, body: &Json) -> Answer {
        let caller = match self.caller(gateways, dev) {
            Ok(caller) => caller,
            Err(error) => return Answer::Later(error.to_string()),
        };
        let request = Request::post(url)
            .header("content-type", "application/json")
            .header("user-agent", concat!("frankly/", env!("CARGO_PKG_VERSION")))
            .body(Full::new(Bytes::from(body.to_string())));
        let Ok(request) = request else { return Answer::Done };
        let call = async {
            let response = caller.request(request).await.map_err(|_| "connection broken".to_owned())?;
            let status = response.status();
            let body = Limited::new(response.into_body(), limits::GATEWAY_ANSWER_BYTES).collect().await;
            Ok::<_, String>((status, body.map(Collected::to_bytes).unwrap_or_default()))
        };
        match tokio::time::timeout(Duration::from_millis(limits::GATEWAY_TIMEOUT_MS), call).await {
            Err(_) => Answer::Later("timeout".to_owned()),
            Ok(Err(reason)) => Answer::Later(reason),
            Ok(Ok((status, body))) => understood(status, &body, pushkey),
        }
    }
}

fn understood(status: StatusCode, body: &[u8], pushkey: &str) -> Answer {
    #[derive(Deserialize, Default)]
    struct Body {
        #[serde(default)]
        rejected: Vec<String>,
    }
    if status.is_success() {
        let body: Body = serde_json::from_slice(body).unwrap_or_default();
        return if body.rejected.iter().any(|key| key == pushkey) { Answer::Rejected } else { Answer::Done };
    }
    let busy = matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT);
    // what it does not understand now it will not understand later
    if status.is_client_error() && !busy { Answer::Done } else { Answer::Later(status.as_str().to_owned()) }
}

fn anywhere(name: Name) -> Addresses {
    Box::pin(async move { Ok(tokio::net::lookup_host((name.as_str(), 0)).await?.collect::<Vec<_>>().into_iter()) })
}

/// The addresses of a name on the public network: somebody who sets a pusher cannot make this server knock at doors of its
/// own network.
fn outside(name: Name) -> Addresses {
    Box::pin(async move {
        let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
        let public: Vec<SocketAddr> = found.filter(|address| on_public_network(address.ip())).collect();
        if public.is_empty() { Err(io::Error::other("this name has no address on the public network")) } else { Ok(public.into_iter()) }
    })
}

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use super::*;

    #[test]
    fn an_answer_says_whether_to_try_again() {
        let answer = |status: u16, body: &str| match understood(StatusCode::from_u16(status).unwrap(), body.as_bytes(), "key") {
            Answer::Done => "done",
            Answer::Rejected => "rejected",
            Answer::Later(_) => "later",
        };
        assert_eq!(answer(200, r#"{"rejected":[]}"#), "done");
        assert_eq!(answer(200, r#"{"rejected":["other","key"]}"#), "rejected");
        assert_eq!(answer(200, "not JSON"), "done");
        assert_eq!(answer(400, ""), "done");
        assert_eq!(answer(302, ""), "later");
        assert_eq!(answer(429, ""), "later");
        assert_eq!(answer(502, ""), "later");
    }

    #[tokio::test]
    async fn a_name_of_this_machine_is_found_only_where_it_may_be() {
        let name = || Name::from_str("localhost").unwrap();
        assert!(anywhere(name()).await.unwrap().count() > 0);
        assert!(outside(name()).await.is_err());
    }
}
