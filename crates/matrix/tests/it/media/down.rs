use http::Method;
use serde_json::json;

use super::{picture, place};
use crate::world::{World, encoded};

#[tokio::test]
async fn an_encrypted_file_comes_back_byte_for_byte() {
    let world = World::new();
    let (ana, ben, _) = world.friends().await;
    let bytes: Vec<u8> = (0..700_000_u32).map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
    let address = ana.uploads("application/octet-stream", "", bytes.clone()).await;
    assert!(address.starts_with("mxc://example.org/") && address.len() == "mxc://example.org/".len() + 32, "{address}");
    let answer = ben.downloads(&address, "").await;
    assert_eq!((answer.status, answer.body == bytes), (200, true));
    assert_eq!(answer.header("content-type"), "application/octet-stream");
    assert_eq!(answer.header("content-length"), "700000");
    assert_eq!(answer.header("content-disposition"), "attachment");
    let empty = ana.uploads("text/plain", "empty.txt", "").await;
    assert_eq!(ben.downloads(&empty, "").await.body, b"");
}

#[tokio::test]
async fn nothing_in_a_file_can_run_in_a_page() {
    let world = World::new();
    let (ana, ..) = world.friends().await;
    let address = ana.uploads("image/png", "holiday.png", picture()).await;
    let answer = ana.downloads(&address, "").await;
    let headers: Vec<String> = [
        "content-type",
        "content-disposition",
        "content-security-policy",
        "x-content-type-options",
        "cross-origin-resource-policy",
        "cache-control",
        "access-control-allow-origin",
    ]
    .iter()
    .map(|name| format!("{name}: {}", answer.header(name)))
    .collect();
    insta::assert_snapshot!(headers.join("\n"), @r"
    content-type: image/png
    content-disposition: inline; filename=holiday.png
    content-security-policy: sandbox; default-src 'none'; script-src 'none'; object-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'
    x-content-type-options: nosniff
    cross-origin-resource-policy: cross-origin
    cache-control: private, max-age=86400, immutable
    access-control-allow-origin: *
    ");
}

#[tokio::test]
async fn what_may_run_or_lies_about_itself_is_saved_and_never_shown() {
    let world = World::new();
    let (ana, ..) = world.friends().await;
    for (content_type, body) in [
        ("image/svg+xml", "<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"),
        ("text/html", "<script>alert(1)</script>"),
        ("image/png", "<script>alert(1)</script>"),
        ("image/jpeg", "GIF89a/*"),
        ("application/pdf", "%PDF-1.7"),
        ("nonsense", "hello"),
    ] {
        let answer = ana.downloads(&ana.uploads(content_type, "a.png", body).await, "").await;
        assert_eq!(answer.header("content-disposition"), "attachment; filename=a.png", "{content_type}");
        let wanted = if content_type == "nonsense" { "application/octet-stream" } else { content_type };
        assert_eq!((answer.header("content-type"), answer.header("x-content-type-options")), (wanted, "nosniff"));
    }
    let text = ana.downloads(&ana.uploads("text/plain; charset=utf-8", "a.txt", "hello").await, "").await;
    assert_eq!(text.header("content-disposition"), "inline; filename=a.txt");
}

#[tokio::test]
async fn a_name_leads_nowhere_and_breaks_no_header() {
    let world = World::new();
    let (ana, ..) = world.friends().await;
    let address = ana.uploads("text/plain", "../../etc/passwd", "x").await;
    assert_eq!(ana.downloads(&address, "").await.header("content-disposition"), "inline; filename=passwd");
    for (name, told) in [
        ("a\r\nSet-Cookie: x", "inline; filename=\"aSet-Cookie: x\""),
        ("say \"hi\".txt", "inline; filename=\"say \\\"hi\\\".txt\""),
        ("Käse.txt", "inline; filename*=utf-8''K%C3%A4se.txt"),
        ("\u{202e}gpj.exe", "inline; filename=gpj.exe"),
        ("..", "inline; filename=passwd"),
    ] {
        let answer = ana.downloads(&address, &format!("/{}", encoded(name))).await;
        assert_eq!((answer.status, answer.header("content-disposition")), (200, told), "{name:?}");
        assert_eq!(answer.header("set-cookie"), "");
    }
}

#[tokio::test]
async fn who_has_the_bytes_is_told_that_they_are_the_same() {
    let world = World::new();
    let (ana, ..) = world.friends().await;
    let address = ana.uploads("text/plain", "a", "hello").await;
    let tag = ana.downloads(&address, "").await.header("etag").to_owned();
    assert_eq!(tag, "\"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824\"");
    let path = format!("/_matrix/client/v1/media/download/{}", place(&address));
    for list in [tag.clone(), format!("\"other\", W/{tag}")] {
        let answer = ana.asks(Method::GET, &path, &[("if-none-match", &list)], "").await;
        assert_eq!((answer.status, answer.body.len(), answer.header("etag")), (304, 0, tag.as_str()));
    }
    assert_eq!(ana.asks(Method::GET, &path, &[("if-none-match", "\"other\"")], "").await.status, 200);
}

#[tokio::test]
async fn only_members_who_know_the_address_have_it() {
    let world = World::new();
    let (ana, ..) = world.friends().await;
    let eve = world.person("eve").await;
    let address = ana.uploads("text/plain", "a", "hello").await;
    assert_eq!(eve.downloads(&address, "").await.body, b"hello");
    let path = format!("/_matrix/client/v1/media/download/{}", place(&address));
    let (status, answer) = world.anywhere(Method::GET, &path, None).await;
    assert_eq!((status, &answer["errcode"]), (401, &json!("M_MISSING_TOKEN")));
    for old in ["/_matrix/media/v3/download", "/_matrix/media/r0/download", "/_matrix/media/v3/thumbnail"] {
        let (_, refused) = world.anywhere(Method::GET, &format!("{old}/{}", place(&address)), None).await;
        assert_eq!(refused["errcode"], "M_NOT_FOUND", "{old}");
        assert_eq!(ana.asks(Method::GET, &format!("{old}/{}", place(&address)), &[], "").await.plain(), (404, "M_NOT_FOUND".to_owned()));
    }
    for preview in ["/_matrix/client/v1/media/preview_url?url=http://127.0.0.1/", "/_matrix/media/v3/preview_url?url=http://127.0.0.1/"] {
        assert_eq!(ana.asks(Method::GET, preview, &[], "").await.plain(), (404, "M_UNRECOGNIZED".to_owned()));
    }
}

#[tokio::test]
async fn an_address_that_is_none_is_not_found() {
    let world = World::new();
    let (ana, ..) = world.friends().await;
    ana.uploads("text/plain", "a", "hello").await;
    let long = "a".repeat(5_000);
    for place in [
        "example.org/nothing",
        "example.org/..%2F..%2Ffrankly.db",
        "example.org/%2e%2e%2f%2e%2e",
        "example.org/%00",
        "example.org/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "other.example/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        &format!("example.org/{long}"),
    ] {
        for what in ["download", "thumbnail"] {
            let path = format!("/_matrix/client/v1/media/{what}/{place}?width=32&height=32");
            assert_eq!(ana.asks(Method::GET, &path, &[], "").await.plain(), (404, "M_NOT_FOUND".to_owned()), "{path}");
        }
    }
}

#[tokio::test]
async fn a_part_of_a_film_is_given_to_who_asks_for_one() {
    let world = World::new();
    let (ana, ben, _) = world.friends().await;
    // longer than a part in which it is kept
    let bytes: Vec<u8> = (0..700_000_u32).map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
    let address = ana.uploads("video/mp4", "film.mp4", bytes.clone()).await;
    let path = format!("/_matrix/client/v1/media/download/{}", place(&address));
    let whole = ben.asks(Method::GET, &path, &[], "").await;
    assert_eq!((whole.status, whole.header("accept-ranges"), whole.header("content-range")), (200, "bytes", ""));
    let tag = whole.header("etag").to_owned();
    for (range, first, last) in [
        ("bytes=0-1", 0, 1),
        ("bytes=262143-262144", 262_143, 262_144),
        ("bytes=699999-", 699_999, 699_999),
        ("bytes=-100", 699_900, 699_999),
        ("bytes=500000-9000000", 500_000, 699_999),
        ("bytes=0-", 0, 699_999),
    ] {
        let answer = ben.asks(Method::GET, &path, &[("range", range), ("if-range", &tag)], "").await;
        assert_eq!((answer.status, answer.body == bytes[first..=last]), (206, true), "{range}");
        assert_eq!(answer.header("content-range"), format!("bytes {first}-{last}/700000"));
        assert_eq!(answer.header("content-length"), (last - first + 1).to_string());
        assert_eq!((answer.header("content-type"), answer.header("x-content-type-options")), ("video/mp4", "nosniff"));
        assert_eq!((answer.header("etag"), answer.header("content-disposition")), (tag.as_str(), "inline; filename=film.mp4"));
    }
    for outside in ["bytes=700000-", "bytes=900000-900001", "bytes=-0"] {
        let answer = ben.asks(Method::GET, &path, &[("range", outside)], "").await;
        assert_eq!((answer.plain(), answer.header("content-range")), ((416, "M_INVALID_PARAM".to_owned()), "bytes */700000"), "{outside}");
    }
    for all in ["bytes=0-1,5-6", "bytes=5-4", "lines=0-1", "nonsense"] {
        let answer = ben.asks(Method::GET, &path, &[("range", all)], "").await;
        assert_eq!((answer.status, answer.body == bytes), (200, true), "{all}");
    }
    let other = ben.asks(Method::GET, &path, &[("range", "bytes=0-1"), ("if-range", "\"other\"")], "").await;
    assert_eq!((other.status, other.body == bytes), (200, true), "it is another file by now");
    let same = ben.asks(Method::GET, &path, &[("range", "bytes=0-1"), ("if-none-match", &tag)], "").await;
    assert_eq!((same.status, same.body.len()), (304, 0));
    let empty = ana.uploads("text/plain", "empty.txt", "").await;
    let path = format!("/_matrix/client/v1/media/download/{}", place(&empty));
    assert_eq!(ben.asks(Method::GET, &path, &[("range", "bytes=0-")], "").await.status, 416);
    assert_eq!(world.anywhere(Method::GET, &path, None).await.0, 401);
}
