//! Pages as they are fetched, from servers of all kinds.

use std::sync::Mutex;

use audit::drift::declaration::{Declaration, read};
use audit::drift::finding::{Kind, Ledger, State};
use audit::drift::monitor::Class;
use audit::drift::track::Hold;
use jiff::{SignedDuration, Timestamp};
use watch::fetch::{Fetcher, Manners, Refusal, Validators};
use watch::folder::Folder;
use watch::http::{Bounds, Client, HttpError};
use watch::look::{Looked, Looker, Outcome};
use watch::tls::Trust;

use crate::server::{Server, nothing, page, said};

const QUICK: Manners = Manners { pause_ms: 0, back_off_ms: 1 };

fn client(answer_ms: u64, body_bytes: usize) -> Client {
    Client::new(Trust::new(None).unwrap(), Bounds { answer_ms, body_bytes })
}

fn fetcher() -> Fetcher {
    Fetcher::new(client(2_000, 100_000), QUICK)
}

async fn refused(server: &Server, path: &str) -> Refusal {
    fetcher().fetch(&server.url(path), &Validators::default()).await.unwrap_err()
}

#[tokio::test]
async fn what_robots_txt_forbids_is_not_asked_for() {
    let server = Server::new(|asked, _| match asked.line.split(' ').nth(1).unwrap() {
        "/robots.txt" => said(200, &[("content-type", "text/plain")], b"User-agent: *\nDisallow: /private\n"),
        "/leads" => said(302, &[("location", "/private/x")], b""),
        _ => page("<p>fine"),
    });
    assert!(fetcher().fetch(&server.url("/terms"), &Validators::default()).await.unwrap().is_some());
    assert!(matches!(refused(&server, "/private/x").await, Refusal::Robots(_)));
    assert!(server.asked().iter().all(|asked| !asked.line.contains("private")));
    assert!(matches!(refused(&server, "/leads").await, Refusal::Robots(_)), "by a redirect neither is it taken");
    assert_eq!(server.asked()[0].headers["user-agent"], watch::http::AGENT);
}

#[tokio::test]
async fn where_robots_txt_cannot_be_read_nothing_is_fetched() {
    let server = Server::new(|asked, _| if asked.line.contains("robots") { said(503, &[], b"") } else { page("<p>x") });
    assert!(matches!(refused(&server, "/terms").await, Refusal::RobotsUnknown(_)));
    assert_eq!(server.asked().len(), 0);
}

#[tokio::test]
async fn a_page_that_did_not_change_is_not_sent_again() {
    let server = Server::new(|asked, _| match asked.headers.get("if-none-match") {
        Some(tag) if tag == "\"1\"" => said(304, &[], b""),
        _ if asked.line.contains("robots") => nothing(),
        _ => said(200, &[("etag", "\"1\""), ("last-modified", "Sun, 01 Mar 2026 00:00:00 GMT"), ("content-type", "text/html")], b"<p>x"),
    });
    let mut fetcher = fetcher();
    let first = fetcher.fetch(&server.url("/"), &Validators::default()).await.unwrap().unwrap();
    assert!(fetcher.fetch(&server.url("/"), &first.validators).await.unwrap().is_none());
    assert_eq!(server.asked()[1].headers["if-modified-since"], "Sun, 01 Mar 2026 00:00:00 GMT");
}

#[tokio::test]
async fn a_page_that_is_too_large_is_refused_whether_it_says_so_or_not() {
    let server = Server::new(|asked, _| match asked.line.split(' ').nth(1).unwrap() {
        // 500 MB by its own word, of which nothing is sent
        "/says" => b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 524288000\r\n\r\n".to_vec(),
        "/silent" => [b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nconnection: close\r\n\r\n".to_vec(), vec![b'x'; 200_000]].concat(),
        "/head" => [b"HTTP/1.1 200 OK\r\nx: ".to_vec(), vec![b'x'; 200_000]].concat(),
        "/packed" => said(200, &[("content-encoding", "gzip")], b"\x1f\x8b"),
        _ => nothing(),
    });
    for path in ["/says", "/silent"] {
        assert!(matches!(refused(&server, path).await, Refusal::Http(HttpError::TooLarge { limit: 100_000 })), "{path}");
    }
    assert!(matches!(refused(&server, "/packed").await, Refusal::Http(HttpError::Encoded(_))));
    assert!(matches!(refused(&server, "/head").await, Refusal::Http(HttpError::Protocol(_))));
    assert_eq!(server.asked().iter().filter(|asked| asked.line.contains("/says")).count(), 1, "a second try would not be smaller");
}

#[tokio::test]
async fn walls_for_logging_in_are_seen() {
    let server = Server::new(|asked, _| match asked.line.split(' ').nth(1).unwrap() {
        "/led" => said(302, &[("location", "/accounts/login?next=/led")], b""),
        "/asks" => page("<form><input type=\"password\" name=p></form>"),
        "/denied" => said(401, &[], b""),
        "/round" => said(302, &[("location", "/round")], b""),
        "/away" => said(302, &[("location", "ftp://example.org/")], b""),
        "/file" => said(200, &[("content-type", "application/pdf")], b"%PDF"),
        "/gone" => said(410, &[], b""),
        path if path.starts_with("/accounts") => page("<p>Log in"),
        _ => nothing(),
    });
    for path in ["/led", "/asks", "/denied"] {
        assert!(matches!(refused(&server, path).await, Refusal::LogInWall(_)), "{path}");
    }
    assert!(matches!(refused(&server, "/round").await, Refusal::Http(HttpError::Redirects(_))));
    assert!(matches!(refused(&server, "/away").await, Refusal::Http(HttpError::Redirect(_))));
    assert!(matches!(refused(&server, "/file").await, Refusal::NotText(_)));
    assert!(matches!(refused(&server, "/gone").await, Refusal::Status(status) if status.as_u16() == 410));
}

#[tokio::test]
async fn a_busy_server_is_asked_again_and_a_silent_one_given_up() {
    let busy = Server::new(|asked, before| match before {
        _ if asked.line.contains("robots") => nothing(),
        0 => said(503, &[("retry-after", "0")], b""),
        1 => said(429, &[], b""),
        _ => page("<p>fine"),
    });
    assert!(fetcher().fetch(&busy.url("/"), &Validators::default()).await.unwrap().is_some());
    assert_eq!(busy.asked().len(), 3);

    let silent = Server::new(|asked, _| {
        if !asked.line.contains("robots") {
            std::thread::sleep(std::time::Duration::from_secs(5));
        }
        nothing()
    });
    let mut impatient = Fetcher::new(client(200, 1_000), QUICK);
    let refusal = impatient.fetch(&silent.url("/"), &Validators::default()).await.unwrap_err();
    assert!(matches!(refusal, Refusal::Http(HttpError::Timeout { limit_ms: 200 })), "{refusal}");
    assert_eq!(silent.asked().len(), 3);
}

/// A folder, a document declared over a server, and a clock.
struct Scene {
    place: tempfile::TempDir,
    looker: Looker,
    declarations: Vec<Declaration>,
    ledger: Ledger,
    now: Timestamp,
}

impl Scene {
    fn new(entry: &str) -> Self {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::open(place.path()).unwrap();
        let declarations = read("watch.yaml", &format!("schema: frankly.audit.watch/1\nwatch:\n{entry}")).unwrap();
        Self {
            looker: Looker::new(fetcher(), folder, Hold::default()),
            place,
            declarations,
            ledger: Ledger::default(),
            now: Timestamp::from_second(1_700_000_000).unwrap(),
        }
    }

    async fn look(&mut self) -> Outcome {
        self.look_closely().await.outcome
    }

    async fn look_closely(&mut self) -> Looked {
        let looked = self.looker.look(&self.declarations[0], self.now, &mut self.ledger).await.unwrap();
        self.now = self.now.checked_add(SignedDuration::from_hours(13)).unwrap();
        looked
    }
}

fn entry(server: &Server, more: &str) -> String {
    format!("  - service: S\n    document: D\n    platform: s\n    url: {}\n{more}", server.url("/terms"))
}

fn rules(others: &[(usize, &str)]) -> String {
    let mut lines: Vec<String> = (0..30).map(|number| format!("<p>Our rule {number} is about things of every day.</p>")).collect();
    for (at, other) in others {
        lines[*at] = format!("<p>{other}</p>");
    }
    format!("<!doctype html><body><nav>Menu</nav><main id=m><h1>Rules</h1>{}</main>", lines.concat())
}

#[tokio::test]
async fn a_change_of_a_page_is_told_after_its_hold_and_a_grave_one_at_once() {
    let shown = std::sync::Arc::new(Mutex::new(rules(&[])));
    let kept = std::sync::Arc::clone(&shown);
    let server = Server::new(move |asked, _| if asked.line.contains("robots") { nothing() } else { page(&kept.lock().unwrap()) });
    let mut scene = Scene::new(&entry(&server, "    select: [main]\n"));
    assert_eq!(scene.look().await, Outcome::Text(Class::First));
    assert_eq!(scene.look().await, Outcome::Same);
    *shown.lock().unwrap() = rules(&[(3, "Our rule 3 is other now.")]).replace("Menu", "Other menu");
    assert_eq!(scene.look().await, Outcome::Text(Class::Substantive));
    for _ in 0..6 {
        assert!(scene.ledger.findings.is_empty());
        scene.look().await;
    }
    assert_eq!(scene.ledger.findings[0].state, State::Confirmed);
    *shown.lock().unwrap() = rules(&[(3, "Our rule 3 is other now."), (5, "We answer a warrant.")]);
    scene.look().await;
    assert_eq!((scene.ledger.findings[1].state, scene.ledger.alerts), (State::Provisional, 2));
    // looks, and the way it is extracted
    let looks = shown.lock().unwrap().replace("<p>", "<p class=x> ");
    *shown.lock().unwrap() = looks;
    assert_eq!(scene.look().await, Outcome::Text(Class::Substantive));
    scene.declarations[0].pages[0].select.clear();
    assert_eq!(scene.look().await, Outcome::Text(Class::Technical));
    assert_eq!(scene.ledger.alerts, 2);
}

#[tokio::test]
async fn what_cannot_be_looked_at_is_told_after_three_times() {
    let server = Server::new(|asked, _| if asked.line.contains("robots") { nothing() } else { page("<p>no document") });
    let mut scene = Scene::new(&entry(&server, "    select: [main]\n"));
    for _ in 0..3 {
        let outcome = scene.look().await;
        assert!(matches!(&outcome, Outcome::Failed(why) if why.contains("nothing in the page fits main")), "{outcome:?}");
    }
    assert_eq!((scene.ledger.findings.len(), scene.ledger.findings[0].kind), (1, Kind::FetchFailed));
    let wall = Server::new(|asked, _| if asked.line.contains("robots") { nothing() } else { page("<p>Please enable JavaScript") });
    let mut scene = Scene::new(&entry(&wall, ""));
    assert!(matches!(scene.look().await, Outcome::Failed(why) if why.contains("wall")));
    scene.now = Timestamp::UNIX_EPOCH;
    assert!(matches!(scene.look().await, Outcome::Failed(why) if why.contains("is the clock right?")));
}

#[tokio::test]
async fn a_document_of_two_pages_and_a_feed_are_followed() {
    let server = Server::new(|asked, before| match asked.line.split(' ').nth(1).unwrap() {
        "/1" => said(200, &[("content-type", "text/html; charset=iso-8859-1")], "<main><p>One side – of it.".as_bytes()),
        "/2" => said(200, &[("content-type", "text/html; charset=iso-8859-1")], b"<main><p>The other side, a caf\xe9."),
        "/feed" if before == 0 => said(200, &[], b"<rss version=\"2.0\"><channel><title>t</title></channel></rss>"),
        "/feed" => {
            said(200, &[], b"<rss version=\"2.0\"><channel><title>t</title><item><guid>1</guid><title>A fix</title></item></channel></rss>")
        }
        _ => nothing(),
    });
    let pages =
        format!("  - service: S\n    document: D\n    pages:\n      - url: {}\n      - url: {}\n", server.url("/1"), server.url("/2"));
    let mut scene = Scene::new(&pages);
    let looked = scene.look_closely().await;
    assert_eq!(looked.outcome, Outcome::Text(Class::First));
    assert!(looked.notes.len() == 1 && looked.notes[0].contains("/1: its encoding is not what it says"), "{looked:?}");
    let text = std::fs::read_to_string(scene.place.path().join("documents/S/D.md")).unwrap();
    assert_eq!(text, "One side – of it.\n\nThe other side, a café.\n\n");
    let feed = format!("  - service: S\n    document: F\n    kind: advisory\n    controls: [ASR-5]\n    url: {}\n", server.url("/feed"));
    let mut scene = Scene::new(&feed);
    assert_eq!(scene.look().await, Outcome::Feed(0));
    assert_eq!(scene.look().await, Outcome::Feed(1));
    assert_eq!((scene.ledger.findings[0].kind, scene.ledger.findings[0].touches.as_slice()), (Kind::Advisory, &["ASR-5".to_owned()][..]));
}
