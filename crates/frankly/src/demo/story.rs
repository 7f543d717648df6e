//! The people of the demo and what they said to each other before you came.

use std::sync::Arc;

use app::accounts::admin::UserChange;
use app::accounts::login::NewDevice;
use app::accounts::register::StaffMadeAccount;
use app::accounts::relations::Relate;
use app::rooms::create::{NewRoom, Preset};
use app::rooms::send::Message;
use app::{App, Caller, Error};
use model::id::{OwnedRoomId, OwnedUserId};
use model::person::{AgeBand, Role};
use model::secret::Secret;
use serde_json::json;

/// Everybody's password. The server listens on this machine only, and is gone after Ctrl-C.
pub(super) const PASSWORD: &str = "frankly-demo";

/// One of the people.
pub(super) struct Part {
    pub(super) name: &'static str,
    pub(super) who: &'static str,
    shown: &'static str,
    age_band: AgeBand,
    roles: &'static [Role],
}

/// The people, members first.
pub(super) const PEOPLE: [Part; 6] = [
    Part { name: "ana", who: "a member, adult", shown: "Ana", age_band: AgeBand::Adult, roles: &[] },
    Part { name: "ben", who: "a member, adult", shown: "Ben", age_band: AgeBand::Adult, roles: &[] },
    Part {
        name: "mia",
        who: "a member, 16 years old; she and Ben follow each other",
        shown: "Mia",
        age_band: AgeBand::From16To17,
        roles: &[],
    },
    Part {
        name: "rosa",
        who: "a senior reviewer, also for child safety",
        shown: "Rosa",
        age_band: AgeBand::Adult,
        roles: &[Role::Reviewer, Role::SeniorReviewer, Role::ChildSafety],
    },
    Part { name: "lena", who: "a legal officer", shown: "Lena", age_band: AgeBand::Adult, roles: &[Role::LegalOfficer] },
    Part { name: "otto", who: "an auditor", shown: "Otto", age_band: AgeBand::Adult, roles: &[Role::Auditor] },
];

/// What is said in a conversation: whether the one who opened it speaks, and the words.
type Lines = &'static [(bool, &'static str)];

/// Who opens a conversation, with whom, and what is said in it.
const TALKS: [(&str, &str, Lines); 2] = [
    (
        "ana",
        "ben",
        &[
            (true, "Hi Ben, are you coming to choir practice on Thursday?"),
            (false, "Yes! Shall I bring the scores?"),
            (true, "Please do. We start at seven."),
            (false, "I will kill you if you are late again"),
            (true, "Easy. See you on Thursday."),
            (false, "Kill yourself, nobody would miss you"),
        ],
    ),
    (
        "ben",
        "mia",
        &[
            (true, "Hello Mia, your bike is ready, you can fetch it after school."),
            (false, "Thank you! I will come at four."),
            (true, "How old are you? Send me a nude and don't tell your parents"),
            (true, "Let's talk on Telegram instead, keep this our secret"),
        ],
    ),
];

/// What became of the messages.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) delivered: u32,
    pub(super) withheld: u32,
    pub(super) refused: u32,
    /// The conversation that only its members could read.
    pub(super) sealed: Option<OwnedRoomId>,
}

/// Makes the people and lets them talk.
pub(super) async fn tell(app: &Arc<App>) -> anyhow::Result<Told> {
    for part in PEOPLE {
        let new = StaffMadeAccount {
            localpart: part.name.to_owned(),
            password: Some(Secret::new(PASSWORD.to_owned())),
            display_name: Some(part.shown.to_owned()),
            age_band: part.age_band,
            jurisdiction: String::new(),
        };
        let user_id = app.make_account(new).await?;
        for role in part.roles {
            app.change_account(&user_id, UserChange::AddRole(*role)).await?;
        }
    }
    let (ben, mia) = (app.user_named("ben")?, app.user_named("mia")?);
    let follows = |user_id: &OwnedUserId, other: &OwnedUserId| Relate {
        user_id: user_id.clone(),
        other: other.clone(),
        follows: Some(true),
        blocks: None,
    };
    app.tell_relations(&app.config.tenant.0, vec![follows(&ben, &mia), follows(&mia, &ben)]).await?;
    let mut told = Told::default();
    for (opener, other, lines) in TALKS {
        talk(app, opener, other, lines, &mut told).await?;
    }
    told.sealed = Some(super::sealed::talk(app).await?);
    Ok(told)
}

async fn talk(app: &App, opener: &str, other: &str, lines: Lines, told: &mut Told) -> anyhow::Result<()> {
    let opener = enter(app, opener).await?;
    let other = enter(app, other).await?;
    let room_id = direct(app, &opener, &other.user_id).await?;
    app.join(&other, room_id.clone(), None).await?;
    for (index, (by_opener, text)) in lines.iter().enumerate() {
        let (speaker, listener) = if *by_opener { (&opener, &other) } else { (&other, &opener) };
        say(app, &room_id, speaker, listener, index, text, told).await?;
    }
    app.log_out(&opener, true).await?;
    app.log_out(&other, true).await?;
    Ok(())
}

pub(super) async fn enter(app: &App, name: &str) -> anyhow::Result<Arc<Caller>> {
    let session = app.log_in(name, &Secret::new(PASSWORD.to_owned()), NewDevice::default()).await?;
    Ok(app.authenticate(session.tokens.access.expose()).await?)
}

async fn direct(app: &App, opener: &Caller, other: &OwnedUserId) -> anyhow::Result<OwnedRoomId> {
    let new = NewRoom {
        preset: Preset::Private,
        is_direct: true,
        invite: vec![other.clone()],
        name: None,
        topic: None,
        creation_content: None,
        initial_state: Vec::new(),
        power_levels: None,
        version: None,
    };
    Ok(app.create_room(opener, new).await?)
}

async fn say(
    app: &App,
    room_id: &OwnedRoomId,
    speaker: &Caller,
    listener: &Caller,
    index: usize,
    text: &str,
    told: &mut Told,
) -> anyhow::Result<()> {
    let content = json!({"msgtype": "m.text", "body": text}).to_string();
    let message = Message { room_id: room_id.clone(), event_type: "m.room.message".to_owned(), txn_id: format!("demo-{index}"), content };
    match app.send(speaker, message).await {
        // who listens can see a message that was delivered, and only that
        Ok(event_id) => match app.event(listener, room_id, &event_id).await {
            Ok(_) => told.delivered += 1,
            Err(Error::NotFound(_)) => told.withheld += 1,
            Err(other) => return Err(other.into()),
        },
        Err(Error::Safety { .. }) => told.refused += 1,
        Err(other) => return Err(other.into()),
    }
    Ok(())
}
