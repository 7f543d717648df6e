//! The other end of a phone that runs as a process: starting, killing, telling and hearing it.

use std::collections::HashSet;
use std::fs::OpenOptions;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use matrix_sdk::ruma::{OwnedEventId, OwnedRoomId, OwnedUserId};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::mpsc;

use crate::phone::Account;
use crate::worker::{Line, Order};

/// How long a phone may take to start, or to carry out an order.
const PATIENCE: Duration = Duration::from_mins(2);

/// A phone of somebody, running or not; its store stays.
pub(crate) struct Handset {
    /// Whose it is.
    pub(crate) account: Account,
    place: PathBuf,
    running: Option<Running>,
    /// What it heard in all of its lives.
    heard: Arc<Heard>,
}

struct Running {
    child: Child,
    orders: ChildStdin,
    answers: mpsc::UnboundedReceiver<Line>,
    user: OwnedUserId,
}

/// What a phone heard as it came.
#[derive(Default)]
struct Heard {
    /// Texts of other devices that it could read; no two are the same.
    read: Mutex<HashSet<String>>,
    /// Messages that came before their keys, or without.
    closed: Mutex<HashSet<OwnedEventId>>,
    /// Rooms it was let into.
    joined: Mutex<Vec<OwnedRoomId>>,
    /// Messages of its own that it gave up.
    wedged: Mutex<Vec<String>>,
}

impl Handset {
    /// A phone that was never switched on.
    pub(crate) fn new(account: Account, place: PathBuf) -> Self {
        Self { account, place, running: None, heard: Arc::default() }
    }

    /// Switches it on; it logs in the first time.
    pub(crate) async fn start(&mut self) -> Result<()> {
        let Account { url, user, password } = &self.account;
        // what the library says of itself, if it is asked to (`E2E_LOG`)
        let log = OpenOptions::new().create(true).append(true).open(self.place.with_extension("log"))?;
        let mut child = Command::new(std::env::current_exe()?)
            .arg("phone")
            .args([url, user, password])
            .arg(&self.place)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()?;
        let orders = child.stdin.take().context("a pipe was asked for")?;
        let (out, mut answers) = mpsc::unbounded_channel();
        tokio::spawn(listen(child.stdout.take().context("a pipe was asked for")?, Arc::clone(&self.heard), out));
        let first = tokio::time::timeout(PATIENCE, answers.recv()).await.with_context(|| format!("{user}'s phone did not start"))?;
        let Some(Line::Ready { user }) = first else { bail!("{user}'s phone ended while it started") };
        self.running = Some(Running { child, orders, answers, user });
        Ok(())
    }

    /// Takes its battery out.
    pub(crate) async fn kill(&mut self) -> Result<()> {
        let mut running = self.running.take().context("it was off")?;
        running.child.kill().await?;
        Ok(())
    }

    /// Switches it off.
    pub(crate) async fn stop(&mut self) -> Result<()> {
        let mut running = self.running.take().context("it was off")?;
        write(&mut running.orders, &Order::Stop).await?;
        let status = tokio::time::timeout(PATIENCE, running.child.wait()).await.context("a phone did not stop")??;
        ensure!(status.success(), "{}'s phone ended with {status}", self.account.user);
        Ok(())
    }

    /// The user ID, when it is on.
    pub(crate) fn user_id(&self) -> Result<OwnedUserId> {
        Ok(self.running.as_ref().context("it was off")?.user.clone())
    }

    /// Tells it something and waits for the answer; an error when it is off or goes meanwhile.
    pub(crate) async fn tell(&mut self, order: &Order) -> Result<Line> {
        let user = &self.account.user;
        let running = self.running.as_mut().with_context(|| format!("{user}'s phone is off"))?;
        write(&mut running.orders, order).await?;
        let answer =
            tokio::time::timeout(PATIENCE, running.answers.recv()).await.with_context(|| format!("{user}'s phone does not answer"))?;
        answer.with_context(|| format!("{user}'s phone ended"))
    }

    /// How many messages of other devices it has read as they came.
    pub(crate) fn read(&self) -> usize {
        held(&self.heard.read).len()
    }

    /// How many messages came before their keys, or without.
    pub(crate) fn closed(&self) -> usize {
        held(&self.heard.closed).len()
    }

    /// Why messages of its own were given up.
    pub(crate) fn wedged(&self) -> Vec<String> {
        held(&self.heard.wedged).clone()
    }

    /// Whether it was let into the room.
    pub(crate) fn is_in(&self, room: &OwnedRoomId) -> bool {
        held(&self.heard.joined).contains(room)
    }
}

fn held<T>(what: &Mutex<T>) -> MutexGuard<'_, T> {
    what.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn write(orders: &mut ChildStdin, order: &Order) -> Result<()> {
    orders.write_all(format!("{}\n", serde_json::to_string(order)?).as_bytes()).await?;
    Ok(())
}

/// Notes what a phone hears, and passes on what it answers.
async fn listen(lines: ChildStdout, heard: Arc<Heard>, out: mpsc::UnboundedSender<Line>) {
    let mut lines = BufReader::new(lines).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        match serde_json::from_str(&line) {
            Ok(Line::Read { body }) => {
                held(&heard.read).insert(body);
            }
            Ok(Line::Closed { event }) => {
                held(&heard.closed).insert(event);
            }
            Ok(Line::Joined { room }) => held(&heard.joined).push(room),
            Ok(Line::Wedged { reason }) => held(&heard.wedged).push(reason),
            Ok(answer) => {
                if out.send(answer).is_err() {
                    return;
                }
            }
            // a line that a kill cut off
            Err(_) => return,
        }
    }
}
