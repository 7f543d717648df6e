//! A lean HTTP/1.1 client: one kept-alive connection per virtual person.

use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use url::Url;

use crate::error::SimError;
use crate::limits;

/// Where the server listens: plain HTTP on this machine.
#[derive(Clone, Debug)]
pub struct Origin {
    address: SocketAddr,
    host: HeaderValue,
}

impl Origin {
    /// Accepts `http://` addresses that lead to this machine; a load generator has no business elsewhere.
    pub fn parse(text: &str) -> Result<Self, SimError> {
        let usage = |why: &str| SimError::Usage(format!("--url {text}: {why}; example: http://127.0.0.1:8008"));
        let url = Url::parse(text).map_err(|error| usage(&error.to_string()))?;
        if url.scheme() != "http" {
            return Err(usage("only plain http is measured"));
        }
        let host = url.host_str().ok_or_else(|| usage("no host"))?;
        let port = url.port_or_known_default().ok_or_else(|| usage("no port"))?;
        let bare = host.trim_matches(['[', ']']);
        let mut addresses = (bare, port).to_socket_addrs().map_err(|error| usage(&error.to_string()))?;
        let address = addresses.find(|address| address.ip().is_loopback()).ok_or_else(|| usage("not a loopback address"))?;
        Ok(Self { address, host: HeaderValue::from_str(&format!("{host}:{port}")).map_err(|_| usage("bad host"))? })
    }

    /// The origin of a listener on this machine.
    pub fn local(address: SocketAddr) -> Self {
        let host = HeaderValue::from_str(&address.to_string()).expect("an address is visible ASCII");
        Self { address, host }
    }

    /// Host and port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

/// One request.
pub struct Call<'a> {
    /// HTTP method.
    pub method: Method,
    /// Path and query, already percent-encoded.
    pub path: &'a str,
    /// `Bearer …`, for requests of a logged-in person.
    pub authorization: Option<&'a HeaderValue>,
    /// JSON body.
    pub body: Option<Bytes>,
    /// The answer has to be complete within this time, in milliseconds.
    pub limit_ms: u64,
}

impl Call<'_> {
    /// Method and path without the query, for messages.
    pub fn name(&self) -> String {
        let path = self.path.split('?').next().unwrap_or(self.path);
        format!("{} {path}", self.method)
    }
}

/// One answer, read whole.
pub struct Answer {
    /// HTTP status.
    pub status: StatusCode,
    /// What `Retry-After` asks for.
    pub retry_after_ms: Option<u64>,
    /// The body.
    pub body: Bytes,
}

/// A connection that opens when it is first used and again after it broke.
pub struct Connection {
    origin: Arc<Origin>,
    sender: Option<SendRequest<Full<Bytes>>>,
}

impl Connection {
    /// A connection to `origin`, not yet open.
    pub fn new(origin: Arc<Origin>) -> Self {
        Self { origin, sender: None }
    }

    /// Where it leads.
    pub fn origin(&self) -> &Arc<Origin> {
        &self.origin
    }

    /// Sends one request and reads the whole answer. After an error or a dropped call the next call reconnects.
    pub async fn call(&mut self, call: &Call<'_>) -> Result<Answer, SimError> {
        let limit = Duration::from_millis(call.limit_ms);
        // The sender is put back only after a complete answer, so a call that is dropped closes its connection.
        let kept = self.sender.take().filter(|sender| !sender.is_closed());
        let exchange = async {
            let mut sender = match kept {
                Some(sender) => sender,
                None => self.open().await?,
            };
            let answer = match exchange(&mut sender, self.request(call)?, call).await {
                Err(SimError::Http { source, .. }) if source.is_canceled() => {
                    // The server closed the idle connection before it took the request.
                    sender = self.open().await?;
                    exchange(&mut sender, self.request(call)?, call).await?
                }
                other => other?,
            };
            Ok((sender, answer))
        };
        let (sender, answer) = tokio::time::timeout(limit, exchange)
            .await
            .map_err(|_| SimError::Timeout { request: call.name(), limit_ms: call.limit_ms })??;
        self.sender = Some(sender);
        Ok(answer)
    }

    async fn open(&self) -> Result<SendRequest<Full<Bytes>>, SimError> {
        let refused = |source| SimError::Connect { address: self.origin.address.to_string(), source };
        let stream = TcpStream::connect(self.origin.address).await.map_err(refused)?;
        stream.set_nodelay(true).map_err(refused)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|source| SimError::Http { request: "opening a connection".to_owned(), source })?;
        // The task ends when the sender is dropped or the server closes; its error reaches the caller by the sender.
        drop(tokio::spawn(connection));
        Ok(sender)
    }

    fn request(&self, call: &Call<'_>) -> Result<Request<Full<Bytes>>, SimError> {
        let mut request = Request::builder().method(call.method.clone()).uri(call.path).header(HOST, &self.origin.host);
        if let Some(authorization) = call.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        if call.body.is_some() {
            request = request.header(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        request.body(Full::new(call.body.clone().unwrap_or_default())).map_err(|error| SimError::Usage(format!("{}: {error}", call.name())))
    }
}

async fn exchange(sender: &mut SendRequest<Full<Bytes>>, request: Request<Full<Bytes>>, call: &Call<'_>) -> Result<Answer, SimError> {
    let broken = |source| SimError::Http { request: call.name(), source };
    sender.ready().await.map_err(broken)?;
    read(sender.send_request(request).await.map_err(broken)?, call).await
}

async fn read(response: Response<Incoming>, call: &Call<'_>) -> Result<Answer, SimError> {
    let status = response.status();
    let retry_after_ms = retry_after(response.headers());
    let body = Limited::new(response.into_body(), limits::RESPONSE_BYTES_MAX)
        .collect()
        .await
        .map_err(|error| SimError::Body { request: call.name(), detail: error.to_string() })?
        .to_bytes();
    Ok(Answer { status, retry_after_ms, body })
}

fn retry_after(headers: &HeaderMap) -> Option<u64> {
    let seconds: u64 = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(seconds.saturating_mul(1_000))
}

/// Percent-encodes one path segment or query value.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 8);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push('%');
            escaped.push(char::from(b"0123456789ABCDEF"[usize::from(byte >> 4)]));
            escaped.push(char::from(b"0123456789ABCDEF"[usize::from(byte & 15)]));
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_measured() {
        assert!(Origin::parse("http://127.0.0.1:8008").is_ok());
        assert!(Origin::parse("http://[::1]:8008/").is_ok());
        for foreign in ["http://192.0.2.1:80", "https://127.0.0.1", "127.0.0.1:8008", "http://", ""] {
            assert!(matches!(Origin::parse(foreign), Err(SimError::Usage(_))), "{foreign}");
        }
    }

    #[test]
    fn segments_are_escaped() {
        assert_eq!(escape("!a:b/c d$é~"), "%21a%3Ab%2Fc%20d%24%C3%A9~");
    }

    #[test]
    fn retry_after_is_in_seconds() {
        let mut headers = HeaderMap::new();
        assert_eq!(retry_after(&headers), None);
        headers.insert(RETRY_AFTER, HeaderValue::from_static("2"));
        assert_eq!(retry_after(&headers), Some(2_000));
    }
}
