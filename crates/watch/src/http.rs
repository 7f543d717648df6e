//! Asking somebody else's server: within bounds of time and bytes, over a connection of its own for each question.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, HOST, LOCATION, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use url::{Host, Url};

use crate::limits;
use crate::tls::{TlsFacts, Trust};

/// What this program calls itself: its own name, so that whoever does not want it can say so in `robots.txt`.
pub const AGENT: &str = concat!("frankly-audit/", env!("CARGO_PKG_VERSION"));

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The name has no address, or nobody listens there.
    #[error("{host} cannot be reached: {source}")]
    Unreachable {
        /// Host and port.
        host: String,
        /// What the system says.
        source: io::Error,
    },
    /// The certificate is not good, or there is no common version.
    #[error("TLS with {host} fails: {reason}")]
    Tls {
        /// Host and port.
        host: String,
        /// What is wrong.
        reason: String,
    },
    /// It took too long.
    #[error("no answer within {limit_ms} ms")]
    Timeout {
        /// How long it was waited for.
        limit_ms: u64,
    },
    /// The answer is larger than it may be.
    #[error("the answer has more than {limit} bytes")]
    TooLarge {
        /// The bound.
        limit: usize,
    },
    /// The answer is compressed, although that was not asked for.
    #[error("the answer is encoded as {0}, which was not asked for")]
    Encoded(String),
    /// No HTTP is spoken there.
    #[error("the answer is no HTTP: {0}")]
    Protocol(#[from] hyper::Error),
    /// A redirect leads nowhere.
    #[error("a redirect leads to {0}, which is not followed")]
    Redirect(String),
    /// Too many redirects.
    #[error("more than {0} redirects")]
    Redirects(usize),
    /// The question cannot be asked.
    #[error("{0} cannot be asked")]
    Question(String),
}

impl HttpError {
    /// Whether nobody was there to answer.
    pub const fn is_unreachable(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Timeout { .. } | Self::Tls { .. } | Self::Protocol(_))
    }
}

/// How much a client puts up with.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// For a whole answer.
    pub answer_ms: u64,
    /// Of a body.
    pub body_bytes: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { answer_ms: limits::ANSWER_MS, body_bytes: limits::PAGE_BYTES }
    }
}

/// One question.
#[derive(Debug, Clone)]
pub struct Question {
    /// How it is asked.
    pub method: Method,
    /// Whom.
    pub url: Url,
    /// Beside the host, the agent and the length.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// What is said.
    pub body: Bytes,
}

impl Question {
    /// A GET.
    pub fn get(url: Url) -> Self {
        Self { method: Method::GET, url, headers: Vec::new(), body: Bytes::new() }
    }
}

/// One answer, whole.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its head.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
    /// Who gave it.
    pub address: SocketAddr,
    /// How the connection was secured.
    pub tls: Option<TlsFacts>,
}

impl Answer {
    /// A field of its head, when it is text.
    pub fn header(&self, name: impl http::header::AsHeaderName) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// An answer, and by which redirects it was found.
#[derive(Debug, Clone)]
pub struct Followed {
    /// The last answer.
    pub answer: Answer,
    /// Who gave it.
    pub url: Url,
    /// The addresses on the way, the first one left out.
    pub hops: Vec<Url>,
}

/// A question on its way from redirect to redirect.
#[derive(Debug, Clone)]
pub struct Journey {
    /// What is asked next.
    pub question: Question,
    /// The addresses on the way, the first one left out.
    pub hops: Vec<Url>,
    first: Option<SocketAddr>,
}

impl Journey {
    /// A journey that has not begun.
    pub fn new(question: Question) -> Self {
        Self { question, hops: Vec::new(), first: None }
    }
}

/// Asks.
#[derive(Debug, Clone)]
pub struct Client {
    trust: Trust,
    bounds: Bounds,
}

impl Client {
    /// A client that trusts these authorities.
    pub fn new(trust: Trust, bounds: Bounds) -> Self {
        Self { trust, bounds }
    }

    /// Asks once. Redirects are answers.
    pub async fn ask(&self, question: &Question) -> Result<Answer, HttpError> {
        self.asked(question, None).await
    }

    /// Asks, and follows redirects.
    pub async fn follow(&self, question: Question) -> Result<Followed, HttpError> {
        let mut journey = Journey::new(question);
        loop {
            if let Some(answer) = self.step(&mut journey).await? {
                return Ok(Followed { answer, url: journey.question.url, hops: journey.hops });
            }
        }
    }

    /// One step of a journey; `None` when it goes on: never from the public network into a private one, nor from `https`
    /// to `http`.
    pub async fn step(&self, journey: &mut Journey) -> Result<Option<Answer>, HttpError> {
        let answer = self.asked(&journey.question, journey.first).await?;
        journey.first.get_or_insert(answer.address);
        let redirected = matches!(answer.status.as_u16(), 301 | 302 | 303 | 307 | 308);
        let Some(location) = answer.header(LOCATION).filter(|_| redirected).map(str::to_owned) else { return Ok(Some(answer)) };
        if journey.hops.len() >= limits::REDIRECTS {
            return Err(HttpError::Redirects(limits::REDIRECTS));
        }
        let question = &mut journey.question;
        let next = question.url.join(&location).map_err(|_| HttpError::Redirect(location.clone()))?;
        let is_web = matches!(next.scheme(), "http" | "https");
        if !is_web || (question.url.scheme() == "https" && next.scheme() == "http") {
            return Err(HttpError::Redirect(next.to_string()));
        }
        if next.host() != question.url.host() {
            question.headers.retain(|(name, _)| *name != http::header::AUTHORIZATION && *name != http::header::COOKIE);
        }
        journey.hops.push(next.clone());
        question.url = next;
        Ok(None)
    }

    async fn asked(&self, question: &Question, first: Option<SocketAddr>) -> Result<Answer, HttpError> {
        let limit_ms = self.bounds.answer_ms;
        let exchange = Box::pin(self.exchange(question, first));
        tokio::time::timeout(Duration::from_millis(limit_ms), exchange).await.map_err(|_| HttpError::Timeout { limit_ms })?
    }

    async fn exchange(&self, question: &Question, first: Option<SocketAddr>) -> Result<Answer, HttpError> {
        let url = &question.url;
        let odd = || HttpError::Question(url.to_string());
        let host = url.host().ok_or_else(odd)?;
        let port = url.port_or_known_default().ok_or_else(odd)?;
        let authority = match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_string(),
        };
        let (stream, address) = connect(&host, port, &authority, first).await?;
        let request = request(question, &authority)?;
        if url.scheme() == "http" {
            let (response, body) = self.over(TokioIo::new(stream), request).await?;
            return Ok(Answer { status: response.status, headers: response.headers, body, address, tls: None });
        }
        let name = match &host {
            Host::Domain(name) => ServerName::try_from((*name).to_owned()).map_err(|_| odd())?,
            Host::Ipv4(ip) => ServerName::from(IpAddr::V4(*ip)),
            Host::Ipv6(ip) => ServerName::from(IpAddr::V6(*ip)),
        };
        let failed = |error: io::Error| HttpError::Tls { host: authority.clone(), reason: error.to_string() };
        let stream = TlsConnector::from(Arc::clone(&self.trust.0)).connect(name, stream).await.map_err(failed)?;
        let tls = TlsFacts::of(stream.get_ref().1);
        let (response, body) = self.over(TokioIo::new(stream), request).await?;
        Ok(Answer { status: response.status, headers: response.headers, body, address, tls: Some(tls) })
    }

    async fn over<S>(&self, stream: S, request: Request<Full<Bytes>>) -> Result<(http::response::Parts, Bytes), HttpError>
    where
        S: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
    {
        let (mut sender, connection) = http1::Builder::new().max_buf_size(limits::HEAD_BYTES).handshake(stream).await?;
        // it ends when the sender is dropped; its error reaches the caller by the sender
        let driver = tokio::spawn(connection);
        let answer = async {
            let response = sender.send_request(request).await?;
            let (head, body) = response.into_parts();
            if let Some(encoding) = head.headers.get(CONTENT_ENCODING).filter(|value| *value != "identity") {
                return Err(HttpError::Encoded(String::from_utf8_lossy(encoding.as_bytes()).into_owned()));
            }
            let body = self.body(&head.headers, body).await?;
            Ok((head, body))
        };
        let answer = answer.await;
        driver.abort();
        answer
    }

    /// The body, unless it says or turns out to be too large.
    async fn body(&self, headers: &HeaderMap, mut body: Incoming) -> Result<Bytes, HttpError> {
        let limit = self.bounds.body_bytes;
        let said = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()).and_then(|value| value.parse::<u64>().ok());
        if said.is_some_and(|said| said > limit as u64) {
            return Err(HttpError::TooLarge { limit });
        }
        let mut whole = Vec::new();
        while let Some(frame) = body.frame().await {
            if let Ok(data) = frame?.into_data() {
                if whole.len() + data.len() > limit {
                    return Err(HttpError::TooLarge { limit });
                }
                whole.extend_from_slice(&data);
            }
        }
        Ok(whole.into())
    }
}

fn request(question: &Question, authority: &str) -> Result<Request<Full<Bytes>>, HttpError> {
    let target = match question.url.query() {
        Some(query) => format!("{}?{query}", question.url.path()),
        None => question.url.path().to_owned(),
    };
    let mut request = Request::builder().method(question.method.clone()).uri(target).header(HOST, authority).header(USER_AGENT, AGENT);
    request = request.header(ACCEPT_ENCODING, "identity");
    for (name, value) in &question.headers {
        request = request.header(name, value);
    }
    request.body(Full::new(question.body.clone())).map_err(|_| HttpError::Question(question.url.to_string()))
}

/// A connection to the first of a name's addresses that answers, and that may be gone to from where one comes from.
async fn connect(host: &Host<&str>, port: u16, authority: &str, first: Option<SocketAddr>) -> Result<(TcpStream, SocketAddr), HttpError> {
    let unreachable = |source| HttpError::Unreachable { host: authority.to_owned(), source };
    let addresses: Vec<SocketAddr> = match host {
        Host::Domain(name) => tokio::net::lookup_host((*name, port)).await.map_err(unreachable)?.collect(),
        Host::Ipv4(ip) => vec![SocketAddr::from((*ip, port))],
        Host::Ipv6(ip) => vec![SocketAddr::from((*ip, port))],
    };
    let from_outside = first.is_some_and(|first| is_public(first.ip()));
    let mut last = io::Error::other("the name has no address");
    for address in addresses {
        if from_outside && !is_public(address.ip()) {
            return Err(HttpError::Redirect(format!("{authority}, inside a private network")));
        }
        match TcpStream::connect(address).await {
            Ok(stream) => {
                let _late = stream.set_nodelay(true);
                return Ok((stream, address));
            }
            Err(error) => last = error,
        }
    }
    Err(unreachable(last))
}

/// Whether an address is of the public network.
fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let [first, second, ..] = ip.octets();
            let shared = first == 100 && (64..128).contains(&second);
            let of_nobody = first == 0 || first >= 224;
            !(ip.is_private() || ip.is_loopback() || ip.is_link_local() || shared || of_nobody)
        }
        IpAddr::V6(ip) => match ip.to_ipv4_mapped() {
            Some(ip) => is_public(IpAddr::V4(ip)),
            None => !(ip.is_loopback() || ip.is_unspecified() || ip.is_unique_local() || ip.is_unicast_link_local() || ip.is_multicast()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_public_network_ends_at_private_addresses() {
        let public = |ip: &str| is_public(ip.parse().unwrap());
        for inside in ["127.0.0.1", "10.1.2.3", "192.168.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "::1", "fe80::1", "fd00::1"] {
            assert!(!public(inside), "{inside}");
        }
        assert!(!public("::ffff:127.0.0.1"));
        for outside in ["93.184.215.14", "100.128.0.1", "2606:4700::1111"] {
            assert!(public(outside), "{outside}");
        }
    }
}
