//! Media: uploading, downloading, thumbnails. Everything is authenticated; what was unauthenticated once is not there.

use std::sync::Arc;
use std::time::Duration;

use app::media::{Found, Incoming, Upload, Wish};
use app::{App, Error};
use axum::Router;
use axum::body::Body;
use axum::response::Response;
use axum::routing::get;
use futures_util::StreamExt;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use ruma::ServerName;
use ruma::api::client::{authenticated_media, media};
use ruma::http_headers::{ContentDisposition, ContentDispositionType};
use ruma::media::Method as Cut;
use serde_json::json;

use crate::error::{Refusal, json_response};
use crate::extract::{Call, Streamed};
use crate::part::{Asked, Part};
use crate::router::Table;

pub(crate) fn routes(table: Table) -> Table {
    table
        .streamed(upload)
        .streamed(upload_to)
        .raw(announce)
        .raw(download)
        .raw(download_as)
        .raw(thumbnail)
        .raw(bounds)
        .raw(bounds_by_the_old_path)
}

/// The old paths that gave media to anybody who asked (spec v1.11): there is nothing behind them.
pub(crate) fn unauthenticated() -> Router<Arc<App>> {
    let mut router = Router::new();
    for version in ["r0", "v1", "v3"] {
        for rest in ["download/{server}/{id}", "download/{server}/{id}/{name}", "thumbnail/{server}/{id}"] {
            router = router.route(&format!("/_matrix/media/{version}/{rest}"), get(nothing_here));
        }
    }
    router
}

async fn nothing_here() -> Refusal {
    Refusal(Error::NotFound("media are given to members only, at /_matrix/client/v1/media".to_owned()))
}

/// The part of the bytes' head that says how many there are, and the bytes as they come.
fn incoming(headers: &HeaderMap, body: Body) -> (Option<u64>, Incoming) {
    let said = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()).and_then(|text| text.parse().ok());
    let bytes = body.into_data_stream().map(|chunk| chunk.map_err(|_| "the connection ended before the file did".to_owned()));
    (said, Box::pin(bytes))
}

async fn upload(call: Streamed<media::create_content::v3::Request>) -> Result<Response, Refusal> {
    let (bytes, from) = incoming(&call.headers, call.stream);
    let upload = Upload { content_type: call.body.content_type, file_name: call.body.filename, bytes };
    let address = call.app.upload(&call.who, upload, from).await?;
    Ok(json_response(StatusCode::OK, &json!({"content_uri": address})))
}

async fn upload_to(call: Streamed<media::create_content_async::v3::Request>) -> Result<Response, Refusal> {
    let (bytes, from) = incoming(&call.headers, call.stream);
    let upload = Upload { content_type: call.body.content_type, file_name: call.body.filename, bytes };
    call.app.upload_to(&call.who, &call.body.server_name, call.body.media_id, upload, from).await?;
    Ok(json_response(StatusCode::OK, &json!({})))
}

async fn announce(call: Call<media::create_mxc_uri::v1::Request>) -> Result<Response, Refusal> {
    let announced = call.app.announce_media(&call.who).await?;
    Ok(json_response(StatusCode::OK, &json!({"content_uri": announced.address, "unused_expires_at": announced.expires})))
}

async fn bounds(call: Call<authenticated_media::get_media_config::v1::Request>) -> Result<Response, Refusal> {
    Ok(upload_size(&call.app))
}

#[expect(deprecated, reason = "older clients ask there, and it gives no media")]
async fn bounds_by_the_old_path(call: Call<media::get_media_config::v3::Request>) -> Result<Response, Refusal> {
    Ok(upload_size(&call.app))
}

fn upload_size(app: &App) -> Response {
    json_response(StatusCode::OK, &json!({"m.upload.size": app.config.media.upload_bytes}))
}

async fn download(call: Call<authenticated_media::get_content::v1::Request>) -> Result<Response, Refusal> {
    let body = &call.body;
    give(&call.app, &call.asked, &body.server_name, &body.media_id, body.timeout_ms, None).await
}

async fn download_as(call: Call<authenticated_media::get_content_as_filename::v1::Request>) -> Result<Response, Refusal> {
    let body = &call.body;
    let name = model::media::file_name(&body.filename);
    give(&call.app, &call.asked, &body.server_name, &body.media_id, body.timeout_ms, name).await
}

async fn give(
    app: &App,
    asked: &Asked,
    server: &ServerName,
    media_id: &str,
    wait: Duration,
    name: Option<String>,
) -> Result<Response, Refusal> {
    let found = app.find_media(server, media_id, wait).await?;
    let (tag, bytes) = (tag_of(&found, ""), found.bytes.unsigned_abs());
    let part = asked.part(&tag, bytes);
    let bounds = match &part {
        Part::Nothing => return Ok(unchanged(tag)),
        Part::Outside => return Ok(no_such_bytes(bytes)),
        Part::All => None,
        Part::Bytes(range) => Some(*range.start()..range.end() + 1),
    };
    let body = Body::from_stream(app.open_media(&found, bounds.clone()).await?);
    let shown = if found.in_place { ContentDispositionType::Inline } else { ContentDispositionType::Attachment };
    let disposition = ContentDisposition::new(shown).with_filename(name.or_else(|| found.file_name.clone()));
    let length = bounds.as_ref().map_or(bytes, |part| part.end - part.start);
    let mut response = file(body, &found.content_type, length, &disposition, tag);
    response.headers_mut().insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    if let Part::Bytes(range) = part {
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
        put_range(&mut response, &format!("bytes {}-{}/{bytes}", range.start(), range.end()));
    }
    Ok(response)
}

/// The refusal of bytes that a file does not have.
fn no_such_bytes(bytes: u64) -> Response {
    let refusal = json!({"errcode": "M_INVALID_PARAM", "error": format!("this file has {bytes} bytes, and none of those asked for")});
    let mut response = json_response(StatusCode::RANGE_NOT_SATISFIABLE, &refusal);
    put_range(&mut response, &format!("bytes */{bytes}"));
    response
}

fn put_range(response: &mut Response, range: &str) {
    let range = HeaderValue::try_from(range).expect("numbers and a slash are a header");
    response.headers_mut().insert(header::CONTENT_RANGE, range);
}

async fn thumbnail(call: Call<authenticated_media::get_content_thumbnail::v1::Request>) -> Result<Response, Refusal> {
    let body = &call.body;
    let wish = Wish { width: body.width.into(), height: body.height.into(), crop: body.method == Some(Cut::Crop), wait: body.timeout_ms };
    let small = call.app.thumbnail(&body.server_name, &body.media_id, wish).await?;
    let tag = tag_of(&small.of, &small.size);
    if call.asked.has(&tag) {
        return Ok(unchanged(tag));
    }
    let disposition = ContentDisposition::new(ContentDispositionType::Inline).with_filename(Some("thumbnail".to_owned()));
    let bytes = small.bytes.len() as u64;
    Ok(file(Body::from(small.bytes), small.content_type, bytes, &disposition, tag))
}

/// What every file carries: it may be shown where it was asked for, and nothing in it may run (spec "Security considerations").
const FILE_HEADERS: [(HeaderName, HeaderValue); 4] = [
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "sandbox; default-src 'none'; script-src 'none'; object-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
        ),
    ),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("cross-origin")),
    // bytes never change; a day, so that what was taken back does not stay in browsers for a year
    (header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=86400, immutable")),
];

fn file(body: Body, content_type: &str, bytes: u64, disposition: &ContentDisposition, tag: HeaderValue) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.extend(FILE_HEADERS);
    let content_type = HeaderValue::try_from(content_type).unwrap_or(HeaderValue::from_static("application/octet-stream"));
    headers.insert(header::CONTENT_TYPE, content_type);
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(bytes));
    let disposition = HeaderValue::try_from(disposition.to_string()).unwrap_or(HeaderValue::from_static("attachment"));
    headers.insert(header::CONTENT_DISPOSITION, disposition);
    headers.insert(header::ETAG, tag);
    response
}

fn unchanged(tag: HeaderValue) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NOT_MODIFIED;
    response.headers_mut().extend(FILE_HEADERS);
    response.headers_mut().insert(header::ETAG, tag);
    response
}

/// A name for exactly these bytes in this size.
fn tag_of(found: &Found, size: &str) -> HeaderValue {
    use std::fmt::Write;
    let mut tag = String::with_capacity(80);
    tag.push('"');
    for byte in &found.sha256 {
        // writing to a string cannot fail
        let _written = write!(tag, "{byte:02x}");
    }
    tag.push_str(size);
    tag.push('"');
    HeaderValue::try_from(tag).unwrap_or(HeaderValue::from_static("\"\""))
}
