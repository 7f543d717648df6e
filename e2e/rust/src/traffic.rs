//! Many sealed messages between phones that are killed and started again, on a server that is killed, too; and the books.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use futures_util::future::try_join_all;
use matrix_sdk::ruma::OwnedRoomId;
use tempfile::TempDir;

use crate::books::{Books, Sent};
use crate::checks::{check, same, until};
use crate::handset::Handset;
use crate::phone::Account;
use crate::server::{Counts, Server};
use crate::worker::{Line, Order};

/// How long everything that was queued may take to be sent.
const DRAINED: Duration = Duration::from_mins(4);
/// How long the last messages may take to be heard.
const HEARD: Duration = Duration::from_secs(30);
/// How long nothing must be heard before nothing more is waited for.
const QUIET: Duration = Duration::from_secs(2);
/// How long a new device may take to be known to everybody.
const KNOWN: Duration = Duration::from_secs(20);
const LOOK: Duration = Duration::from_millis(100);

/// What is to happen.
pub(crate) struct Plan {
    /// The beginning of everybody's name.
    pub(crate) name: &'static str,
    /// How many devices each person has.
    pub(crate) devices: &'static [usize],
    /// Who is in which conversation; the first opens it.
    pub(crate) rooms: &'static [&'static [usize]],
    /// How many messages are sent in all.
    pub(crate) messages: usize,
    /// In how many rounds; each has its own trouble.
    pub(crate) rounds: usize,
    /// After how many messages a session ends.
    pub(crate) session_messages: u32,
    /// Whether somebody gets another device half-way.
    pub(crate) late_device: bool,
}

/// What goes wrong in a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    None,
    PhoneKilled,
    ServerKilled,
    PhoneRestarted,
    SessionEnded,
    BothKilled,
}

struct Traffic {
    plan: Plan,
    server: Server,
    phones: Vec<Handset>,
    /// Whose each phone is.
    owners: Vec<usize>,
    rooms: Vec<OwnedRoomId>,
    sent: Vec<Sent>,
    /// The phone that came half-way, and the first message it must be able to read.
    late: Option<(usize, usize)>,
    chance: Chance,
    restarts: usize,
    stores: TempDir,
}

/// Draws the same numbers in every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % bound
    }
}

/// Runs a plan, prints the books and checks them.
pub(crate) async fn run(plan: Plan, url: &str, password: &str) -> Result<()> {
    let began = Instant::now();
    let mut traffic = Traffic::begin(plan, url, password).await?;
    traffic.greet().await?;
    for round in 0..traffic.plan.rounds {
        if traffic.plan.late_device && round == traffic.plan.rounds / 2 {
            traffic.another_device().await?;
        }
        traffic.round(round).await?;
    }
    let talked = began.elapsed();
    traffic.drain().await?;
    traffic.listen_out().await;
    let books = traffic.books().await?;
    traffic.print(&books, talked, began.elapsed());
    traffic.check(&books).await
}

impl Traffic {
    async fn begin(plan: Plan, url: &str, password: &str) -> Result<Self> {
        let mut stores = tempfile::tempdir()?;
        if std::env::var_os("E2E_LOG").is_some() {
            stores.disable_cleanup(true);
            println!("stores and logs of the phones are kept in {}", stores.path().display());
        }
        let (mut phones, mut owners) = (Vec::new(), Vec::new());
        for (person, devices) in plan.devices.iter().enumerate() {
            let account = Account { url: url.to_owned(), user: format!("{}{person}", plan.name), password: password.to_owned() };
            account.register().await?;
            for _ in 0..*devices {
                phones.push(Handset::new(account.clone(), stores.path().join(phones.len().to_string())));
                owners.push(person);
            }
        }
        for phone in &mut phones {
            phone.start().await?;
        }
        let mut traffic = Self {
            plan,
            server: Server::found()?,
            phones,
            owners,
            rooms: Vec::new(),
            sent: Vec::new(),
            late: None,
            chance: Chance(2026),
            restarts: 0,
            stores,
        };
        for people in traffic.plan.rooms {
            traffic.open(people).await?;
        }
        Ok(traffic)
    }

    /// The first of these people opens a conversation, the others come.
    async fn open(&mut self, people: &[usize]) -> Result<()> {
        let first = |person: usize| self.owners.iter().position(|owner| *owner == person).context("a person without a phone");
        let (opener, others) = people.split_first().context("nobody is in a room")?;
        let opener = first(*opener)?;
        let others = others.iter().map(|person| first(*person)).collect::<Result<Vec<_>>>()?;
        let invite = others.iter().map(|phone| self.phones[*phone].user_id()).collect::<Result<Vec<_>>>()?;
        let order = Order::Open { invite, session_messages: self.plan.session_messages };
        let Line::Opened { room } = self.phones[opener].tell(&order).await? else { bail!("a conversation was to be opened") };
        let name = format!("{}: {} people are in conversation {}", self.plan.name, people.len(), self.rooms.len() + 1);
        // any device of a person may be the one that accepts
        until(&name, async || {
            let inside = |phone: &usize| {
                let devices = self.phones.iter().zip(&self.owners).filter(|(_, owner)| **owner == self.owners[*phone]);
                devices.into_iter().any(|(device, _)| device.is_in(&room))
            };
            others.iter().all(inside)
        })
        .await?;
        self.rooms.push(room);
        Ok(())
    }

    fn members(&self, room: usize) -> &'static [usize] {
        self.plan.rooms[room]
    }

    /// Everybody says what falls to them, while something goes wrong.
    async fn round(&mut self, round: usize) -> Result<()> {
        let trouble = match round % 6 {
            1 => Trouble::PhoneKilled,
            2 => Trouble::ServerKilled,
            3 => Trouble::PhoneRestarted,
            4 => Trouble::SessionEnded,
            5 => Trouble::BothKilled,
            _ => Trouble::None,
        };
        let mut turns: Vec<Vec<(OwnedRoomId, String)>> = self.phones.iter().map(|_| Vec::new()).collect();
        for _ in 0..self.plan.messages / self.plan.rounds {
            let room = self.chance.below(self.rooms.len());
            let members = self.members(room);
            let person = members[self.chance.below(members.len())];
            let devices: Vec<usize> = (0..self.phones.len()).filter(|phone| self.owners[*phone] == person).collect();
            let phone = devices[self.chance.below(devices.len())];
            let message = self.next_of(phone, room);
            turns[phone].push(message);
        }
        let victim = self.chance.below(self.phones.len());
        let at = self.chance.below(turns[victim].len().max(1));
        let pause = Duration::from_millis(u64::try_from(self.chance.below(300))?);
        let phones = self.phones.iter_mut().zip(turns).enumerate().map(|(index, (phone, turn))| {
            let mine = if index == victim { trouble } else { Trouble::None };
            say_all(phone, turn, mine, at)
        });
        let server = &mut self.server;
        let kill = async {
            if matches!(trouble, Trouble::ServerKilled | Trouble::BothKilled) {
                tokio::time::sleep(pause).await;
                server.kill().await?;
            }
            Ok(Vec::new())
        };
        tokio::try_join!(try_join_all(phones), async { kill.await as Result<Vec<()>> })?;
        self.restarts += usize::from(matches!(trouble, Trouble::PhoneKilled | Trouble::PhoneRestarted | Trouble::BothKilled));
        Ok(())
    }

    /// The first person gets another device, which can read what is said as soon as the others know of it.
    async fn another_device(&mut self) -> Result<()> {
        self.drain().await?;
        let account = self.phones[0].account.clone();
        let mut phone = Handset::new(account, self.stores.path().join("late"));
        phone.start().await?;
        let (user, devices) = (phone.user_id()?, self.plan.devices[0] + 1);
        let end = Instant::now() + KNOWN;
        for (index, other) in self.phones.iter_mut().enumerate() {
            loop {
                let Line::Devices { known } = other.tell(&Order::Devices { user: user.clone() }).await? else {
                    bail!("an answer to another question")
                };
                if known == devices {
                    break;
                }
                if Instant::now() > end {
                    bail!("phone {index} knows {known} devices of {devices}");
                }
                tokio::time::sleep(LOOK).await;
            }
        }
        check(&format!("{}: everybody learns of a new device", self.plan.name), true)?;
        self.late = Some((self.phones.len(), self.sent.len()));
        self.phones.push(phone);
        self.owners.push(0);
        self.greet().await
    }

    /// Every phone says something everywhere, one after the other, and is heard by all before the next one speaks.
    ///
    /// So that two devices do not open a session with each other at once, nor die while they do. The library (0.18) can
    /// lose the first key of a Megolm session in both cases, whatever a server does: when that key and a later copy of it,
    /// which is sent to whoever opens an Olm session, come in one answer, the later one is kept, which opens less; and it
    /// keeps a new Olm session before it keeps the key that came by it.
    async fn greet(&mut self) -> Result<()> {
        let newest = self.phones.len().saturating_sub(1);
        for phone in (0..self.phones.len()).rev() {
            for room in 0..self.rooms.len() {
                if !self.members(room).contains(&self.owners[phone]) {
                    continue;
                }
                let before: Vec<usize> = self.phones.iter().map(Handset::read).collect();
                let body = self.next_of(phone, room);
                say_all(&mut self.phones[phone], vec![body], Trouble::None, 0).await?;
                let inside = |other: &usize| *other != phone && self.members(room).contains(&self.owners[*other]);
                let others: Vec<usize> = (0..=newest).filter(inside).collect();
                let end = Instant::now() + HEARD;
                while others.iter().any(|other| self.phones[*other].read() == before[*other]) {
                    if Instant::now() > end {
                        bail!("phone {phone} was not heard by everybody in conversation {}", room + 1);
                    }
                    tokio::time::sleep(LOOK / 4).await;
                }
            }
        }
        check(&format!("{}: everybody hears everybody", self.plan.name), true)
    }

    /// The next message of a phone, in the books.
    fn next_of(&mut self, phone: usize, room: usize) -> (OwnedRoomId, String) {
        let number = self.sent.len();
        let room = self.rooms[room].clone();
        self.sent.push(Sent { phone, number, room: room.clone() });
        (room, format!("{phone} says {number}"))
    }

    /// Waits until all that was queued is sent.
    async fn drain(&mut self) -> Result<()> {
        let end = Instant::now() + DRAINED;
        loop {
            let mut unsent = 0;
            for phone in &mut self.phones {
                let Line::Unsent { messages } = phone.tell(&Order::Unsent).await? else { bail!("an answer to another question") };
                unsent += messages;
            }
            if unsent == 0 {
                return Ok(());
            }
            if Instant::now() > end {
                bail!("{unsent} messages could not be sent");
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Waits until nothing more is heard.
    async fn listen_out(&self) {
        let end = Instant::now() + HEARD;
        let mut before = (0, Instant::now());
        while Instant::now() < end {
            let heard = self.phones.iter().map(Handset::read).sum::<usize>();
            if heard != before.0 {
                before = (heard, Instant::now());
            } else if before.1.elapsed() > QUIET {
                return;
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Every phone reads everything.
    async fn books(&mut self) -> Result<Books> {
        let mut books = Books::default();
        for index in 0..self.phones.len() {
            let Line::Scanned { rooms } = self.phones[index].tell(&Order::Scan).await? else { bail!("an answer to another question") };
            let from = self.late.filter(|(late, _)| *late == index).map_or(0, |(_, from)| from);
            let expected = (0..self.rooms.len()).filter(|room| self.members(*room).contains(&self.owners[index])).count();
            if rooms.len() != expected {
                bail!("phone {index} knows {} conversations of {expected}", rooms.len());
            }
            for room in &rooms {
                books.add(&self.sent, index, room, from);
            }
        }
        Ok(books)
    }

    fn print(&self, books: &Books, talked: Duration, all: Duration) {
        let sum = |of: fn(&Handset) -> usize| self.phones.iter().map(of).sum::<usize>();
        let read = sum(Handset::read);
        let closed = sum(Handset::closed);
        println!(
            "| {}: {} sealed messages sent by {} phones in {} conversations",
            self.plan.name,
            self.sent.len(),
            self.phones.len(),
            self.rooms.len()
        );
        println!(
            "|   sent {}, decrypted {} times, undecryptable {}, doubled {}, lost {}",
            self.sent.len(),
            books.decrypted,
            books.undecryptable.len(),
            books.doubled,
            books.lost
        );
        println!(
            "|   phones killed or restarted {}, server killed {}; a session ends after {} messages",
            self.restarts, self.server.kills, self.plan.session_messages
        );
        println!(
            "|   read as they came {read}, {closed} of them with a key that came later; {} were said before a late device was there",
            books.before_its_time
        );
        println!("|   {:.0} s of talking, {:.0} s in all", talked.as_secs_f64(), all.as_secs_f64());
    }

    async fn check(&self, books: &Books) -> Result<()> {
        let name = self.plan.name;
        for reason in &books.undecryptable {
            println!("{reason}");
        }
        let wedged: Vec<String> = self.phones.iter().flat_map(Handset::wedged).collect();
        same(&format!("{name}: no message is given up"), &wedged, &Vec::new())?;
        same(&format!("{name}: none is undecryptable"), &books.undecryptable.len(), &0)?;
        same(&format!("{name}: none is lost"), &books.lost, &0)?;
        same(&format!("{name}: none is doubled"), &books.doubled, &0)?;
        same(&format!("{name}: none is in the clear"), &books.plain, &0)?;
        same(&format!("{name}: each phone's messages are in their order"), &books.disordered, &0)?;
        check(&format!("{name}: the server was killed meanwhile"), self.server.kills > 0)?;
        check(&format!("{name}: and so were phones"), self.restarts > 0)?;
        let counts = self.server.counts().await?;
        same(&format!("{name}: the server finds nothing odd about these messages"), &counts, &Counts::default())
    }
}

/// A phone says what falls to it; at one of its messages something may go wrong with it.
async fn say_all(phone: &mut Handset, turn: Vec<(OwnedRoomId, String)>, trouble: Trouble, at: usize) -> Result<()> {
    for (index, (room, body)) in turn.into_iter().enumerate() {
        if index == at {
            match trouble {
                Trouble::PhoneKilled | Trouble::BothKilled => {
                    phone.kill().await?;
                    phone.start().await?;
                }
                Trouble::PhoneRestarted => {
                    phone.stop().await?;
                    phone.start().await?;
                }
                Trouble::SessionEnded => {
                    phone.tell(&Order::Rotate { room: room.clone() }).await?;
                }
                Trouble::None | Trouble::ServerKilled => {}
            }
        }
        let Line::Queued = phone.tell(&Order::Send { room, body }).await? else { bail!("a message was to be queued") };
    }
    Ok(())
}
