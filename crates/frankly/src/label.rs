//! `frankly label`: who can read a conversation, checked against its ID rather than believed.

use std::io::Read;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, anyhow, bail};
use clap::{Args, Subcommand};
use http::{HeaderValue, Method};
use model::id::{EventId, OwnedRoomId, RoomId};
use model::label::CreateEvent;
use model::limits;
use serde_json::json;
use sim::http::{Call, Connection, Origin};
use store::query::room_snapshot::RoomSnapshot;
use store::query::sealed::EventSkeleton;

use crate::config::{Overrides, Place};
use crate::serve;

/// How long a server may take to give an event, in milliseconds.
const ANSWER_MS: u64 = 10_000;

/// Who can read a conversation
#[derive(Args, Debug)]
pub(crate) struct LabelArgs {
    #[command(subcommand)]
    command: LabelCommand,
}

#[derive(Debug, Subcommand)]
enum LabelCommand {
    Verify(VerifyArgs),
}

/// Recompute a room ID from its create event, and say who can read the conversation
///
/// The ID is the hash of the event that states the mode, so nobody can change the one without the other.
///
/// The event comes from the database, from a server on this machine, or from any client that shows an event's source.
///
/// Exit code 0: the ID fits; 1: it does not, or the event states no mode.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  frankly label verify '!RU0niLBlQ70kWdaVpTdQBmcLa1FDi2hqOH2CHXvK1Jc' --event create.json")]
struct VerifyArgs {
    /// The room ID, in quotes because of its first letter
    room: String,
    /// Read the create event from this file, `-` for standard input, as a client shows its source
    #[arg(long, value_name = "FILE", conflicts_with_all = ["server", "config", "data", "database"])]
    event: Option<PathBuf>,
    /// Ask a server on this machine, as a member whose access token is in `FRANKLY_TOKEN`
    #[arg(long, value_name = "URL", conflicts_with_all = ["config", "data", "database"])]
    server: Option<String>,
    /// Configuration file [default: ./frankly.toml if it is there]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Directory of the embedded database [default: ./data]
    #[arg(long, value_name = "DIR")]
    data: Option<String>,
    /// PostgreSQL instead of the embedded database, as in `postgres://user@host/name`
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// Answer in JSON
    #[arg(long)]
    json: bool,
}

/// Carries `frankly label` out.
pub(crate) async fn run(args: LabelArgs) -> anyhow::Result<ExitCode> {
    let LabelCommand::Verify(args) = args.command;
    let room_id = RoomId::parse(&args.room).map_err(|_| anyhow!("{} is not a room ID; it begins with !", args.room))?;
    let create = match (&args.event, &args.server) {
        (Some(file), _) => CreateEvent::parse(&event_text(file)?)?,
        (None, Some(url)) => CreateEvent::parse(&asked(url, &room_id).await?)?,
        (None, None) => stored(&args, &room_id).await?,
    };
    let found = create.room_id()?;
    let terms = create.terms();
    let is_verified = found == room_id && terms.is_some();
    serve::announce(&if args.json { as_json(&room_id, &found, &create) } else { in_words(&room_id, &found, &create) });
    Ok(if is_verified { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The text of a file or of standard input; a bounded number of bytes.
fn event_text(file: &std::path::Path) -> anyhow::Result<String> {
    let mut text = String::new();
    let most = limits::EVENT_BYTES as u64 * 2;
    let read = if file == std::path::Path::new("-") {
        std::io::stdin().lock().take(most).read_to_string(&mut text)
    } else {
        std::fs::File::open(file).and_then(|file| file.take(most).read_to_string(&mut text))
    };
    read.with_context(|| format!("cannot read {}", file.display()))?;
    Ok(text)
}

/// The create event as a running server gives it to a member: its ID is the room's, with another sigil.
async fn asked(url: &str, room_id: &OwnedRoomId) -> anyhow::Result<String> {
    let origin = Origin::parse(url).map_err(|_| {
        anyhow!("--server {url}: only a server on this machine is asked, over http; elsewhere, save the event's source and use --event")
    })?;
    let token = std::env::var("FRANKLY_TOKEN").context("FRANKLY_TOKEN must hold the access token of a member of the room")?;
    let authorization = HeaderValue::try_from(format!("Bearer {token}")).context("FRANKLY_TOKEN is not a token")?;
    let hash = room_id.as_str().trim_start_matches('!');
    let path = format!("/_matrix/client/v3/rooms/%21{hash}/event/%24{hash}");
    let call = Call { method: Method::GET, path: &path, authorization: Some(&authorization), body: None, limit_ms: ANSWER_MS };
    let answer = Connection::new(Arc::new(origin)).call(&call).await.with_context(|| format!("cannot ask {url}"))?;
    let text = String::from_utf8(answer.body.to_vec()).context("the server's answer is not text")?;
    if !answer.status.is_success() {
        bail!("the server gives no such event ({}): {text}", answer.status);
    }
    Ok(text)
}

/// The create event as the database has it.
async fn stored(args: &VerifyArgs, room_id: &OwnedRoomId) -> anyhow::Result<CreateEvent> {
    let mut overrides = Overrides::default();
    overrides.put("data", args.data.as_deref());
    overrides.put("database", args.database.as_deref());
    let place = crate::config::load(args.config.as_deref(), &overrides)?.place;
    if let Place::Directory(directory) = &place
        && !directory.join(serve::DATABASE_FILE).exists()
    {
        bail!("there is no database in {}", directory.display());
    }
    let store = serve::open_store(&place).await?;
    let no_room = || anyhow!("there is no room {room_id} in this database");
    let room = store.read(RoomSnapshot { room_id: room_id.clone() }).await?.ok_or_else(no_room)?;
    let event = room.get("m.room.create", "").ok_or_else(no_room)?;
    let event_id = EventId::parse(event.event_id.as_str()).map_err(|_| no_room())?;
    let skeleton = store.read(EventSkeleton { room_id: room_id.clone(), event_id }).await?.ok_or_else(no_room)?;
    let create = CreateEvent { sender: skeleton.sender, origin_ts: skeleton.origin_ts, content: event.content.clone() };
    store.close().await;
    Ok(create)
}

fn as_json(asked: &OwnedRoomId, found: &OwnedRoomId, create: &CreateEvent) -> String {
    let terms = create.terms();
    json!({
        "room_id": asked,
        "computed": found,
        "verified": asked == found && terms.is_some(),
        "terms": terms,
        "readers": terms.as_ref().map(|terms| terms.mode.readers()),
        "creator": create.sender,
        "created_ms": create.origin_ts.0,
    })
    .to_string()
}

fn in_words(asked: &OwnedRoomId, found: &OwnedRoomId, create: &CreateEvent) -> String {
    if asked != found {
        return format!(
            "{asked}\n  does NOT fit this create event, which makes {found}.\n  What the event says of the conversation is not to be believed."
        );
    }
    let Some(terms) = create.terms() else {
        return format!("{asked}\n  fits its create event, which does not say who can read the conversation.");
    };
    let mut text = format!(
        "{asked}\n  is the hash of its create event, so this cannot have been changed since:\n\n  mode     {}\n  policy   {}\n  tenant   {}\n  made by  {}\n\n  It can be read by\n",
        terms.mode.as_str(),
        terms.policy,
        terms.tenant,
        create.sender
    );
    for reader in terms.mode.readers() {
        text.push_str("  - ");
        text.push_str(reader);
        text.push('\n');
    }
    text.truncate(text.trim_end().len());
    text
}
