//! A peer for other clients' checks: it answers every text, and prints what it could read.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use matrix_sdk::ruma::{OwnedEventId, OwnedRoomId};
use serde_json::json;
use tokio::sync::mpsc;

use crate::phone::{Account, Care, Phone};
use crate::watch::{Seen, What, follow};

/// How often new rooms and overdue keys are looked for.
const LOOK: Duration = Duration::from_millis(200);
/// How long a key may be missing before the event counts as undecryptable.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long the last echoes may take.
const FAREWELL: Duration = Duration::from_secs(10);

/// What the command line says.
struct Options {
    account: Account,
    register: bool,
}

fn options(arguments: Vec<String>) -> Result<Options> {
    let mut given: HashMap<String, String> = HashMap::new();
    let mut register = false;
    let mut rest = arguments.into_iter();
    while let Some(name) = rest.next() {
        match name.as_str() {
            "--register" => register = true,
            "--url" | "--user" | "--password" => {
                let value = rest.next().with_context(|| format!("{name} needs a value"))?;
                given.insert(name, value);
            }
            _ => bail!("unknown argument {name}"),
        }
    }
    let mut need = |name: &str| given.remove(name).with_context(|| format!("{name} is needed"));
    let account = Account { url: need("--url")?, user: need("--user")?, password: need("--password")? };
    Ok(Options { account, register })
}

/// Runs until somebody says "bye".
pub(crate) async fn run(arguments: Vec<String>) -> Result<()> {
    let Options { account, register } = options(arguments)?;
    if register {
        account.register().await?;
    }
    let phone = account.phone(Care::Full).await?;
    let device = phone.client.device_id().context("a device after the log-in")?.to_owned();
    say(&json!({ "kind": "ready", "user": phone.user_id(), "device": device }));

    let mut peer = Peer { phone, followed: HashSet::new(), waiting: HashMap::new() };
    let (out, mut seen) = mpsc::unbounded_channel();
    let mut look = tokio::time::interval(LOOK);
    loop {
        tokio::select! {
            _ = look.tick() => peer.look(&out).await?,
            Some(seen) = seen.recv() => {
                if peer.hear(seen).await? {
                    break;
                }
            }
        }
    }
    peer.finish().await
}

struct Peer {
    phone: Phone,
    followed: HashSet<OwnedRoomId>,
    /// Events whose key is missing, since when, and whether that was said.
    waiting: HashMap<OwnedEventId, (Instant, Seen, bool)>,
}

impl Peer {
    /// Accepts invitations, follows rooms that are new, and says which events have waited too long for their key.
    async fn look(&mut self, out: &mpsc::UnboundedSender<Seen>) -> Result<()> {
        for room in self.phone.accept_invitations().await? {
            say(&json!({ "kind": "joined", "room": room }));
        }
        let fresh: Vec<_> = self.phone.client.joined_rooms().into_iter().filter(|room| !self.followed.contains(room.room_id())).collect();
        if !fresh.is_empty() {
            self.phone.subscribe_to_all().await;
        }
        for room in fresh {
            self.followed.insert(room.room_id().to_owned());
            tokio::spawn(follow(room, out.clone()));
        }
        for (since, seen, said) in self.waiting.values_mut() {
            if !*said && since.elapsed() > PATIENCE {
                *said = true;
                tell("undecryptable", seen);
            }
        }
        Ok(())
    }

    /// Prints and answers what was read; true when it was "bye".
    async fn hear(&mut self, seen: Seen) -> Result<bool> {
        if seen.sender == self.phone.user_id() {
            return Ok(false);
        }
        let body = match &seen.what {
            What::Undecryptable(_) => {
                tell("waiting", &seen);
                self.waiting.insert(seen.event.clone(), (Instant::now(), seen, false));
                return Ok(false);
            }
            What::Sealed(body) => {
                tell("decrypted", &seen);
                body
            }
            What::Plain(body) => {
                tell("plain", &seen);
                body
            }
        };
        self.waiting.remove(&seen.event);
        if body == "bye" {
            return Ok(true);
        }
        self.phone.queue_text(&seen.room, &format!("echo: {body}")).await?;
        Ok(false)
    }

    /// Lets the last answers go out, and says how it was.
    async fn finish(self) -> Result<()> {
        let end = Instant::now() + FAREWELL;
        while Instant::now() < end && self.phone.client.send_queue().local_echoes().await?.values().any(|echoes| !echoes.is_empty()) {
            tokio::time::sleep(LOOK).await;
        }
        self.phone.service.stop().await;
        say(&json!({ "kind": "bye", "undecryptable": self.waiting.len() }));
        Ok(())
    }
}

fn tell(kind: &str, seen: &Seen) {
    let (name, detail) = match &seen.what {
        What::Sealed(body) | What::Plain(body) => ("body", body),
        What::Undecryptable(reason) => ("reason", reason),
    };
    say(&json!({ "kind": kind, "room": seen.room, "event": seen.event, "sender": seen.sender, name: detail }));
}

fn say(line: &serde_json::Value) {
    println!("{line}");
}
