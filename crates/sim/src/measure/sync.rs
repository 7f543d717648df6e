//! `sync`: what an initial and an incremental sync cost as a person's rooms grow.

use std::time::{Duration, Instant};

use futures_util::{StreamExt, TryStreamExt, stream};
use serde::Serialize;

use crate::error::SimError;
use crate::figures::{count, ratio, show};
use crate::histogram::{Histogram, LatencyMs};
use crate::limits;
use crate::load::{Speaker, Tally};
use crate::measure::conditions;
use crate::measure::send::per_message;
use crate::person::{Page, Person};
use crate::process::{Machine, cpu_between};
use crate::report::{Conditions, Report};
use crate::sealed::{Device, Sealer};
use crate::server::{Target, TargetOptions};
use crate::table::Table;
use crate::text::Script;
use crate::verify::Sent;
use crate::world::{Names, Room, direct, people, progress};

/// One kind of sync is not repeated for longer than this.
const LONGEST: Duration = Duration::from_secs(20);

/// How many rooms, and where.
#[derive(Clone, Debug)]
pub struct SyncOptions {
    /// The server.
    pub target: TargetOptions,
    /// Numbers of rooms to measure at, growing.
    pub rooms: Vec<u32>,
    /// Messages in each room.
    pub messages_per_room: u32,
    /// People on the other side of the rooms, in turn.
    pub others: u32,
    /// How often each kind of sync is repeated at least, unless twenty seconds pass first.
    pub repeats: u32,
    /// How long each kind of sync is repeated at least: processor time is counted in steps of 10 ms.
    pub lasting: Duration,
    /// Length of one body.
    pub body_bytes: usize,
    /// Measure sliding sync, too.
    pub sliding: bool,
    /// Whether the rooms are sealed.
    pub sealed: bool,
}

/// Cost of one kind of sync.
#[derive(Clone, Debug, Serialize)]
pub struct SyncCost {
    /// How many were made.
    pub repeats: u64,
    /// From the request to the parsed answer.
    pub wall_ms: LatencyMs,
    /// Processor time of the server for one.
    pub server_cpu_us: Option<f64>,
    /// Size of one answer.
    pub bytes: u64,
}

/// Costs at one number of rooms.
#[derive(Clone, Debug, Serialize)]
pub struct SyncStage {
    /// Rooms of the person.
    pub rooms: u32,
    /// A sync from scratch.
    pub initial: SyncCost,
    /// A sync that tells of one new message in one room.
    pub incremental: SyncCost,
    /// A sliding sync from scratch that shows the rooms of one screen, where measured.
    pub first_screen: Option<SyncCost>,
    /// A sliding sync over all rooms that tells of one new message in one room, where measured.
    pub sliding: Option<SyncCost>,
    /// Answers that did not hold what they had to: all rooms, or exactly the one message.
    pub wrong_answers: u64,
}

/// The result of `sync`.
#[derive(Clone, Debug, Serialize)]
pub struct SyncReport {
    conditions: Conditions,
    messages_per_room: u32,
    stages: Vec<SyncStage>,
    /// Server CPU of an incremental sync at the most rooms, as a multiple of that at the fewest.
    incremental_growth: Option<f64>,
    /// The same of sliding sync.
    sliding_growth: Option<f64>,
}

struct Scene {
    script: Script,
    main: Person,
    speakers: Vec<Speaker>,
}

/// Runs the measurement.
pub async fn sync(options: &SyncOptions) -> Result<SyncReport, SimError> {
    check(options)?;
    let machine = Machine::now();
    let target = Target::open(&options.target).await?;
    let names = Names::fresh();
    let mut main = people(target.origin(), &names, "m", 1).await?;
    let mut main = main.pop().ok_or_else(|| SimError::Usage("nobody was registered".to_owned()))?;
    if options.sealed {
        let mut device = Device::new(main.user_id(), main.device_id());
        main.upload_keys(&device.introduction()).await?;
    }
    let others = people(target.origin(), &names, "o", options.others).await?;
    let mut scene = Scene { script: Script::new(options.target.seed, options.body_bytes), main, speakers: Vec::new() };
    let mut stages = Vec::new();
    for rooms in &options.rooms {
        progress(&format!("growing to {rooms} rooms"));
        scene.grow(&others, *rooms, options.messages_per_room, options.sealed).await?;
        stages.push(scene.measure(&target, options).await?);
    }
    let incremental_growth = growth(&stages, |stage| Some(&stage.incremental));
    let sliding_growth = growth(&stages, |stage| stage.sliding.as_ref());
    let conditions = conditions(&options.target, &target, machine);
    Ok(SyncReport { conditions, messages_per_room: options.messages_per_room, stages, incremental_growth, sliding_growth })
}

/// Server CPU at the most rooms as a multiple of that at the fewest.
fn growth(stages: &[SyncStage], cost: impl Fn(&SyncStage) -> Option<&SyncCost>) -> Option<f64> {
    let cpu = |stage: Option<&SyncStage>| cost(stage?)?.server_cpu_us;
    cpu(stages.last()).zip(cpu(stages.first())).and_then(|(last, first)| ratio(last, first))
}

fn check(options: &SyncOptions) -> Result<(), SimError> {
    let most = options.rooms.last().copied().unwrap_or(0);
    let grows = options.rooms.is_sorted_by(|one, next| one < next) && options.rooms.first().is_some_and(|first| *first > 0);
    if grows && most <= limits::ROOMS_MAX && options.others > 0 && options.repeats > 0 && options.messages_per_room > 0 {
        return Ok(());
    }
    Err(SimError::Usage(format!(
        "rooms must grow, from at least 1 to at most {}; people, repeats and messages must not be 0",
        limits::ROOMS_MAX
    )))
}

impl Scene {
    /// Opens rooms up to `rooms`, with messages from the other side.
    async fn grow(&mut self, others: &[Person], rooms: u32, messages: u32, sealed: bool) -> Result<(), SimError> {
        let first = u32::try_from(self.speakers.len()).expect("at most ROOMS_MAX rooms");
        let (main, script) = (&self.main, &self.script);
        let open = |index: u32| {
            let (mut main, mut other) = (main.beside(), others[index as usize % others.len()].beside());
            async move {
                let room: Room = direct(&mut main, &mut other, sealed).await?;
                // Several speakers are one person on one device; none of them reads, so each may have keys of its own.
                let device = || Device::new(other.user_id(), other.device_id());
                let keys = sealed.then(|| Sealer::new(device(), &room.id, main.user_id(), None));
                let mut speaker = Speaker { index, person: other, room, sealer: keys, sent: Sent::default() };
                for _ in 0..messages {
                    speaker.say_next(script, limits::SEND_RETRIES_MAX, &mut Tally::default()).await?;
                }
                Ok::<_, SimError>(speaker)
            }
        };
        let opened: Vec<Speaker> = stream::iter(first..rooms).map(open).buffered(limits::SETUP_PARALLEL).try_collect().await?;
        self.speakers.extend(opened);
        self.take_keys().await
    }

    /// Lets the device receive all room keys, so that they are not told again at every sync that is measured.
    async fn take_keys(&mut self) -> Result<(), SimError> {
        let mut since: Option<String> = None;
        loop {
            let page = self.main.sync(since.as_deref(), 0).await?;
            let sync = page.sync()?;
            if since.is_some() && sync.to_device().next().is_none() {
                return Ok(());
            }
            since = Some(sync.next_batch.into_owned());
        }
    }

    async fn measure(&mut self, target: &Target, options: &SyncOptions) -> Result<SyncStage, SimError> {
        let rooms = self.speakers.len();
        let since = self.main.sync(None, 0).await?.sync()?.next_batch.into_owned();
        let (first_screen, pos, wrong_first) = self.slide_in(target, options).await?;
        let (initial, short) = repeat(target, options, &mut self.main, async |main| {
            let page = main.sync(None, 0).await?;
            let right = page.sync()?.rooms_joined() == rooms;
            Ok((page, right))
        })
        .await?;
        let middle = rooms / 2;
        self.speakers[middle].say_next(&self.script, limits::SEND_RETRIES_MAX, &mut Tally::default()).await?;
        let room_id = self.speakers[middle].room.id.clone();
        let (incremental, wrong) = repeat(target, options, &mut self.main, async |main| {
            let page = main.sync(Some(&since), 0).await?;
            let sync = page.sync()?;
            let texts = sync.timeline(&room_id).map_or(0, |timeline| timeline.events.iter().filter(|event| event.is_message()).count());
            let right = sync.rooms_joined() == 1 && texts == 1;
            Ok((page, right))
        })
        .await?;
        let (mut sliding, mut wrong_slides) = (None, 0);
        if let Some(pos) = pos {
            let body = slide_body(rooms);
            let (cost, wrong) = repeat(target, options, &mut self.main, async |main| {
                let page = main.slide(Some(&pos), &body).await?;
                let answer = page.sliding()?;
                let right = answer.rooms() == 1 && answer.texts() == 1;
                Ok((page, right))
            })
            .await?;
            (sliding, wrong_slides) = (Some(cost), wrong);
        }
        let rooms = u32::try_from(rooms).expect("at most ROOMS_MAX rooms");
        Ok(SyncStage { rooms, initial, incremental, first_screen, sliding, wrong_answers: short + wrong + wrong_first + wrong_slides })
    }

    /// Where sliding sync is measured: the cost of the first screen, and the position after all rooms were shown.
    async fn slide_in(&mut self, target: &Target, options: &SyncOptions) -> Result<(Option<SyncCost>, Option<String>, u64), SimError> {
        if !options.sliding {
            return Ok((None, None, 0));
        }
        let rooms = self.speakers.len();
        let body = slide_body(SCREEN);
        let (cost, wrong) = repeat(target, options, &mut self.main, async |main| {
            let page = main.slide(None, &body).await?;
            let right = page.sliding()?.rooms() == rooms.min(SCREEN);
            Ok((page, right))
        })
        .await?;
        let (mut pos, mut told): (Option<String>, usize) = (None, 0);
        while told < rooms {
            let page = self.main.slide(pos.as_deref(), &slide_body(rooms)).await?;
            let answer = page.sliding()?;
            if answer.rooms() == 0 {
                return Err(SimError::Usage(format!("sliding sync showed {told} rooms of {rooms}")));
            }
            told += answer.rooms();
            pos = Some(answer.pos.into_owned());
        }
        Ok((Some(cost), pos, wrong))
    }
}

/// Rooms that a client shows before its person scrolls.
const SCREEN: usize = 20;

/// A request for so many rooms, as clients that show a list of rooms make it.
fn slide_body(rooms: usize) -> serde_json::Value {
    let state = ["m.room.name", "m.room.avatar", "m.room.topic", "m.room.encryption", "m.room.create", "m.room.power_levels"];
    let mut wanted: Vec<[&str; 2]> = state.map(|event_type| [event_type, ""]).into();
    wanted.extend([["m.room.member", "$LAZY"], ["m.room.member", "$ME"]]);
    serde_json::json!({"lists": {"all_rooms": {"ranges": [[0, rooms.saturating_sub(1)]], "timeline_limit": 1, "required_state": wanted}}})
}

/// Repeats one kind of sync; counts the answers that were not right.
async fn repeat(
    target: &Target,
    options: &SyncOptions,
    main: &mut Person,
    ask: impl AsyncFn(&mut Person) -> Result<(Page, bool), SimError>,
) -> Result<(SyncCost, u64), SimError> {
    let (mut wall, mut bytes, mut wrong) = (Histogram::default(), 0, 0);
    let (start, before) = (Instant::now(), target.usage());
    while start.elapsed() < LONGEST && (wall.len() < u64::from(options.repeats) || start.elapsed() < options.lasting) {
        let asked = Instant::now();
        let (page, right) = ask(main).await?;
        wall.record(asked.elapsed());
        bytes = page.size_bytes();
        wrong += u64::from(!right);
    }
    let cpu = cpu_between(before, target.usage());
    let cost = SyncCost { repeats: wall.len(), wall_ms: wall.latency(), server_cpu_us: per_message(cpu, wall.len()), bytes };
    Ok((cost, wrong))
}

impl Report for SyncReport {
    fn tables(&self) -> Vec<Table> {
        let mut table = Table::new(self.conditions.title(&format!("sync: {} messages in each room", self.messages_per_room)));
        table.row(["rooms", "sync", "repeats", "server CPU, ms", "wall p50, ms", "wall p99, ms", "answer, bytes", "wrong"]);
        for stage in &self.stages {
            let slid = [("sliding, first screen", &stage.first_screen), ("sliding, one message", &stage.sliding)];
            let slid = slid.into_iter().filter_map(|(name, cost)| Some((name, cost.as_ref()?)));
            for (name, cost) in [("initial", &stage.initial), ("one message", &stage.incremental)].into_iter().chain(slid) {
                let cpu = show(cost.server_cpu_us.map(|cpu_us| cpu_us / 1_000.0));
                let wall = [cost.wall_ms.p50, cost.wall_ms.p99].map(|figure| show(Some(figure)));
                let [rooms, repeats, bytes, wrong] = [stage.rooms.into(), cost.repeats, cost.bytes, stage.wrong_answers].map(count);
                table.row([&rooms, name, &repeats, &cpu, &wall[0], &wall[1], &bytes, &wrong]);
            }
        }
        let mut growth = Table::new("incremental sync, server CPU at the most rooms as a multiple of that at the fewest");
        growth.row(["growth", &show(self.incremental_growth)]);
        if self.sliding_growth.is_some() {
            growth.row(["growth, sliding", &show(self.sliding_growth)]);
        }
        vec![table, growth]
    }

    fn faults(&self) -> u64 {
        self.stages.iter().map(|stage| stage.wrong_answers).sum()
    }
}
