//! The console's own pages, embedded at build time and served under `/_frankly/console/`.
//!
//! The pages hold no data: everything they show comes from the JSON API, after login. A build
//! with debug assertions reads them from disk, so an edit of the pages needs no new build of the server.

use std::{borrow::Cow, fmt::Write as _};

use axum::{
    Router,
    body::Body,
    extract::Path,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use rust_embed::{EmbeddedFile, RustEmbed};

/// Where the pages live; `base` of `web/vite.config.ts` must say the same.
const HOME: &str = "/_frankly/console/";
const INDEX: &str = "index.html";
/// The folder of files whose name carries a hash of their content.
const HASHED: &str = "assets/";

/// Nothing but our own files: no inline script or style, no framing, no other origin.
const POLICY: &str = "default-src 'self'; style-src 'self'; script-src 'self'; object-src 'none'; \
                      base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

#[derive(RustEmbed)]
#[folder = "../../web/dist/console"]
struct Files;

/// The routes of the pages: `/_frankly/console/` and every embedded file below it.
pub fn router() -> Router {
    Router::new()
        .route(HOME.trim_end_matches('/'), get(async || Redirect::permanent(HOME)))
        .route(HOME, get(async |headers: HeaderMap| answer(INDEX, find(INDEX), &headers)))
        .route("/_frankly/console/{*path}", get(async |Path(path): Path<String>, headers: HeaderMap| answer(&path, find(&path), &headers)))
}

/// A file, with what its answer needs.
struct Page {
    body: Cow<'static, [u8]>,
    media_type: String,
    etag: String,
}

/// The embedded file at `path`. A path that climbs, or names a hidden file, finds nothing.
fn find(path: &str) -> Option<Page> {
    let plain = path.split('/').all(|part| !part.is_empty() && !part.starts_with('.'));
    if plain { Files::get(path).map(Page::from) } else { None }
}

impl From<EmbeddedFile> for Page {
    fn from(file: EmbeddedFile) -> Self {
        let mut media_type = file.metadata.mimetype().to_owned();
        if media_type.starts_with("text/") {
            media_type.push_str("; charset=utf-8");
        }
        Self { etag: etag(&file.metadata.sha256_hash()), media_type, body: file.data }
    }
}

/// A strong entity tag: the first half of the content's SHA-256, quoted.
fn etag(hash: &[u8; 32]) -> String {
    let mut tag = String::from('"');
    for byte in &hash[..16] {
        write!(tag, "{byte:02x}").expect("writing to a string cannot fail");
    }
    tag.push('"');
    tag
}

/// A hashed file never changes; everything else is asked for again each time and answered by tag.
fn cache_control(path: &str) -> &'static str {
    if path.starts_with(HASHED) { "public, max-age=31536000, immutable" } else { "no-cache" }
}

fn answer(path: &str, page: Option<Page>, asked: &HeaderMap) -> Response {
    let mut response = match page {
        None => (StatusCode::NOT_FOUND, [(header::CACHE_CONTROL, "no-store")], "There is no such page.\n").into_response(),
        Some(page) => found(path, page, asked),
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin"));
    response
}

fn found(path: &str, page: Page, asked: &HeaderMap) -> Response {
    let fresh = asked.get(header::IF_NONE_MATCH).is_some_and(|tag| tag.as_bytes() == page.etag.as_bytes());
    let headers =
        [(header::CACHE_CONTROL, cache_control(path).to_owned()), (header::ETAG, page.etag), (header::CONTENT_TYPE, page.media_type)];
    if fresh {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    let body = match page.body {
        Cow::Borrowed(bytes) => Body::from(bytes),
        Cow::Owned(bytes) => Body::from(bytes),
    };
    (headers, body).into_response()
}

#[cfg(test)]
mod tests {
    use axum::http::Request;
    use tower::ServiceExt as _;

    use super::*;

    async fn fetch(path: &str, tag: Option<&str>) -> Response {
        let mut request = Request::get(path);
        if let Some(tag) = tag {
            request = request.header(header::IF_NONE_MATCH, tag);
        }
        router().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
    }

    fn text<'a>(response: &'a Response, name: &str) -> &'a str {
        response.headers().get(name).map_or("", |value| value.to_str().unwrap())
    }

    fn script() -> Page {
        Page { body: Cow::Borrowed(b"1"), media_type: "text/javascript; charset=utf-8".into(), etag: "\"ab\"".into() }
    }

    #[tokio::test]
    async fn the_index_is_served_and_asked_for_again_each_time() {
        let response = fetch(HOME, None).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(text(&response, "content-type"), "text/html; charset=utf-8");
        assert_eq!(text(&response, "cache-control"), "no-cache");
        let tag = text(&response, "etag").to_owned();
        assert_eq!(tag.len(), 34);

        assert_eq!(fetch(HOME, Some(&tag)).await.status(), StatusCode::NOT_MODIFIED);
        assert_eq!(fetch(HOME, Some("\"other\"")).await.status(), StatusCode::OK);
    }

    #[tokio::test]
    async fn without_the_last_slash_it_redirects() {
        let response = fetch("/_frankly/console", None).await;
        assert_eq!(response.status(), StatusCode::PERMANENT_REDIRECT);
        assert_eq!(text(&response, "location"), HOME);
    }

    #[tokio::test]
    async fn every_answer_forbids_foreign_and_inline_code() {
        for path in [HOME, "/_frankly/console/none.js"] {
            let response = fetch(path, None).await;
            let policy = text(&response, "content-security-policy");
            assert!(policy.starts_with("default-src 'self'; style-src 'self'; script-src 'self'; "), "{policy}");
            assert!(!policy.contains("unsafe"), "{policy}");
            assert_eq!(text(&response, "x-content-type-options"), "nosniff");
        }
    }

    #[tokio::test]
    async fn nothing_outside_the_folder_is_served() {
        for path in ["none.js", "../console/index.html", "..%2f..%2fpackage.json", ".hidden", "assets//x", "%00", "assets/"] {
            let response = fetch(&format!("{HOME}{path}"), None).await;
            assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
            assert_eq!(text(&response, "cache-control"), "no-store");
        }
    }

    #[test]
    fn a_hashed_file_is_immutable_and_answered_by_tag() {
        let response = answer("assets/index-ab12.js", Some(script()), &HeaderMap::new());
        assert_eq!(text(&response, "cache-control"), "public, max-age=31536000, immutable");
        assert_eq!(text(&response, "content-type"), "text/javascript; charset=utf-8");

        let asked = HeaderMap::from_iter([(header::IF_NONE_MATCH, HeaderValue::from_static("\"ab\""))]);
        assert_eq!(answer("assets/index-ab12.js", Some(script()), &asked).status(), StatusCode::NOT_MODIFIED);
    }
}
