//! A bucket that speaks S3, called through the HTTP client that the rest of the server uses too.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use http_body_util::BodyExt;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector as TcpConnector;
use hyper_util::rt::TokioExecutor;
use model::limits;
use model::secret::Secret;
use object_store::aws::AmazonS3Builder;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpRequestBody, HttpResponse, HttpResponseBody, HttpService,
};
use object_store::{BackoffConfig, ClientOptions, ObjectStore, RetryConfig};

use crate::BlobError;

/// Where a bucket is and who may use it.
#[derive(Clone, Debug)]
pub struct Bucket {
    /// Address of the service, as in `https://s3.example.org`; `http://` is taken as it stands.
    pub endpoint: String,
    /// Its name.
    pub bucket: String,
    /// The region, as the service calls it.
    pub region: String,
    /// The key's ID.
    pub key_id: String,
    /// The key.
    pub key: Secret<String>,
    /// By whom the service must be certified.
    pub tls: Arc<rustls::ClientConfig>,
}

pub(crate) fn open(bucket: &Bucket) -> Result<Arc<dyn ObjectStore>, BlobError> {
    let retry = RetryConfig {
        backoff: BackoffConfig::default(),
        max_retries: limits::BUCKET_ATTEMPTS,
        retry_timeout: Duration::from_millis(limits::BUCKET_CALL_MS),
    };
    let store = AmazonS3Builder::new()
        .with_endpoint(&bucket.endpoint)
        .with_bucket_name(&bucket.bucket)
        .with_region(&bucket.region)
        .with_access_key_id(&bucket.key_id)
        .with_secret_access_key(bucket.key.expose())
        .with_allow_http(true)
        .with_retry(retry)
        .with_http_connector(Connector(Arc::clone(&bucket.tls)))
        .build()?;
    Ok(Arc::new(store))
}

/// Makes the client that calls the bucket.
#[derive(Debug)]
struct Connector(Arc<rustls::ClientConfig>);

impl HttpConnector for Connector {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        let connector = HttpsConnectorBuilder::new().with_tls_config((*self.0).clone()).https_or_http().enable_http1().build();
        Ok(HttpClient::new(Caller(Client::builder(TokioExecutor::new()).build(connector))))
    }
}

#[derive(Debug)]
struct Caller(Client<HttpsConnector<TcpConnector>, HttpRequestBody>);

#[async_trait]
impl HttpService for Caller {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let answered = tokio::time::timeout(Duration::from_millis(limits::BUCKET_CALL_MS), self.0.request(request)).await;
        let response = match answered {
            Err(late) => return Err(HttpError::new(HttpErrorKind::Timeout, late)),
            Ok(Err(error)) if error.is_connect() => return Err(HttpError::new(HttpErrorKind::Connect, error)),
            Ok(Err(error)) => return Err(HttpError::new(HttpErrorKind::Request, error)),
            Ok(Ok(response)) => response,
        };
        let broken = |error: hyper::Error| HttpError::new(HttpErrorKind::Interrupted, error);
        Ok(response.map(|body| HttpResponseBody::new(body.map_err(broken))))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::convert::Infallible;
    use std::sync::Mutex;

    use bytes::Bytes;
    use futures_util::{TryStreamExt, stream};
    use http_body_util::Full;
    use hyper::body::Incoming as Body;
    use hyper::service::service_fn;
    use hyper::{Method, Request, Response, StatusCode};
    use hyper_util::rt::TokioIo;

    use super::*;
    use crate::Blobs;

    /// What a bucket holds: objects by path, and uploads in parts by their ID.
    #[derive(Default)]
    struct Shelf {
        objects: BTreeMap<String, Vec<u8>>,
        parts: BTreeMap<String, BTreeMap<u32, Vec<u8>>>,
        calls: u32,
    }

    /// A service on this machine that speaks as much S3 as is spoken here. Every third call fails once.
    async fn service() -> (String, Arc<Mutex<Shelf>>) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, shelf) = (format!("http://{}", listener.local_addr().unwrap()), Arc::new(Mutex::new(Shelf::default())));
        let kept = Arc::clone(&shelf);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let shelf = Arc::clone(&shelf);
                let answer = service_fn(move |request| answer(Arc::clone(&shelf), request));
                tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), answer));
            }
        });
        (address, kept)
    }

    async fn answer(shelf: Arc<Mutex<Shelf>>, request: Request<Body>) -> Result<Response<Full<Bytes>>, Infallible> {
        let (head, body) = request.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let signed = head.headers["authorization"].to_str().unwrap().starts_with("AWS4-HMAC-SHA256 Credential=key-id/");
        let mut shelf = shelf.lock().unwrap();
        shelf.calls += 1;
        let (status, text) = if !signed {
            (StatusCode::FORBIDDEN, Vec::new())
        } else if shelf.calls.is_multiple_of(3) {
            (StatusCode::SERVICE_UNAVAILABLE, Vec::new())
        } else {
            let query = head.uri.query().unwrap_or_default();
            let query = query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
            act(&mut shelf, &head.method, head.uri.path(), &query.collect(), &body)
        };
        let response =
            Response::builder().status(status).header("etag", "\"tag\"").header("last-modified", "Sat, 01 Jan 2028 00:00:00 GMT");
        Ok(response.body(Full::new(Bytes::from(text))).unwrap())
    }

    fn act(shelf: &mut Shelf, method: &Method, path: &str, query: &BTreeMap<&str, &str>, body: &[u8]) -> (StatusCode, Vec<u8>) {
        let upload = query.get("uploadId").copied();
        match (method.as_str(), upload) {
            ("PUT", Some(id)) => {
                let number = query["partNumber"].parse().unwrap();
                shelf.parts.get_mut(id).unwrap().insert(number, body.to_vec());
                (StatusCode::OK, Vec::new())
            }
            ("PUT", None) => {
                shelf.objects.insert(path.to_owned(), body.to_vec());
                (StatusCode::OK, Vec::new())
            }
            ("POST", Some(id)) => {
                let whole = shelf.parts.remove(id).unwrap().into_values().flatten().collect();
                shelf.objects.insert(path.to_owned(), whole);
                (StatusCode::OK, b"<CompleteMultipartUploadResult><ETag>\"tag\"</ETag></CompleteMultipartUploadResult>".to_vec())
            }
            ("POST", None) if query.contains_key("uploads") => {
                shelf.parts.insert("u1".to_owned(), BTreeMap::new());
                let answer = b"<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>";
                (StatusCode::OK, answer.to_vec())
            }
            ("POST", None) => {
                let text = String::from_utf8_lossy(body).into_owned();
                let keys = text.split("<Key>").skip(1).map(|rest| rest.split("</Key>").next().unwrap().to_owned());
                let deleted: Vec<String> = keys.map(|key| format!("<Deleted><Key>{key}</Key></Deleted>")).collect();
                for key in text.split("<Key>").skip(1).filter_map(|rest| rest.split("</Key>").next()) {
                    shelf.objects.retain(|path, _| !path.ends_with(key));
                }
                (StatusCode::OK, format!("<DeleteResult>{}</DeleteResult>", deleted.concat()).into_bytes())
            }
            ("DELETE", Some(id)) => {
                shelf.parts.remove(id);
                (StatusCode::NO_CONTENT, Vec::new())
            }
            ("DELETE", None) => {
                shelf.objects.remove(path);
                (StatusCode::NO_CONTENT, Vec::new())
            }
            _ => match shelf.objects.get(path) {
                Some(object) => (StatusCode::OK, object.clone()),
                None => (StatusCode::NOT_FOUND, Vec::new()),
            },
        }
    }

    fn tls() -> Arc<rustls::ClientConfig> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        Arc::new(config.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth())
    }

    #[tokio::test]
    async fn a_bucket_keeps_what_a_folder_keeps() {
        let (endpoint, shelf) = service().await;
        let bucket = Bucket {
            endpoint,
            bucket: "frankly".to_owned(),
            region: "us-east-1".to_owned(),
            key_id: "key-id".to_owned(),
            key: Secret::new("key".to_owned()),
            tls: tls(),
        };
        let blobs = Blobs::in_bucket(&bucket).unwrap();
        for total in [5, limits::BLOB_PART_BYTES_S3 + 1_000_000] {
            let bytes = vec![7_u8; total];
            let chunks: Vec<Result<Bytes, String>> = bytes.chunks(1_000_000).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
            let kept = blobs.keep("abcd", Box::pin(stream::iter(chunks)), 1 << 30).await.unwrap();
            assert_eq!(kept.bytes, total as u64);
            assert_eq!(shelf.lock().unwrap().objects["/frankly/media/ab/abcd"].len(), total);
            let back: Vec<Bytes> = blobs.open("abcd", None).await.unwrap().stream.try_collect().await.unwrap();
            assert!(back.concat() == bytes);
        }
        let too_much = vec![Ok(Bytes::from(vec![0; limits::BLOB_PART_BYTES_S3 + 1])), Err("gone".to_owned())];
        assert!(matches!(blobs.keep("ab2", Box::pin(stream::iter(too_much)), 1 << 30).await, Err(BlobError::Ended(_))));
        blobs.forget("abcd").await.unwrap();
        assert!(matches!(blobs.open("abcd", None).await, Err(BlobError::Missing)));
        let shelf = shelf.lock().unwrap();
        assert!(shelf.objects.is_empty() && shelf.parts.is_empty(), "nothing is left, whole or half");
    }
}
