//! The pairs of a run: warmed up, loaded, and checked afterwards.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt, stream};

use crate::error::SimError;
use crate::http::Origin;
use crate::limits;
use crate::listener::Listener;
use crate::load::{Speaker, Tally};
use crate::person::Person;
use crate::report::Verification;
use crate::sealed::{Device, Keyring, Privacy, Sealer};
use crate::text::Script;
use crate::verify::{Seen, Sent, verify};
use crate::world::{Names, Pair, Room, pairs};

/// Pairs of one speaker and one recipient.
pub struct Crowd {
    /// The speakers, by index.
    pub speakers: Vec<Speaker>,
    /// The recipients, by the same index.
    pub recipients: Vec<Recipient>,
    /// The bodies of the run.
    pub script: Script,
}

/// The other side of one conversation.
pub struct Recipient {
    /// Who listens.
    pub person: Person,
    /// Where.
    pub room: Room,
    /// Their keys, in a sealed conversation.
    pub keyring: Option<Arc<Keyring>>,
}

impl Recipient {
    /// A listener on a connection of its own who starts from scratch.
    pub fn listener(&self, script: &Script) -> Listener {
        Listener::new(self.person.beside(), self.room.clone(), script.clone(), self.keyring.clone())
    }
}

impl Crowd {
    /// Registers `count` pairs, opens their rooms, and lets everybody say one message so that connections are open.
    pub async fn gather(origin: &Arc<Origin>, script: Script, count: u32, privacy: Privacy) -> Result<Self, SimError> {
        if !(1..=limits::SENDERS_MAX).contains(&count) {
            return Err(SimError::Usage(format!("use 1 to {} senders", limits::SENDERS_MAX)));
        }
        let pairs = pairs(origin, &Names::fresh(), count, privacy.is_sealed()).await?;
        let mut crowd = Self { speakers: Vec::new(), recipients: Vec::new(), script };
        for (index, mut pair) in (0..).zip(pairs) {
            let (sealer, keyring) = keys(&mut pair, privacy).await?.unzip();
            let room = pair.room.clone();
            crowd.speakers.push(Speaker { index, person: pair.sender, room, sealer, sent: Sent::default() });
            crowd.recipients.push(Recipient { person: pair.recipient, room: pair.room, keyring });
        }
        crowd.warm_up().await?;
        Ok(crowd)
    }

    /// Every speaker says one message.
    pub async fn warm_up(&mut self) -> Result<(), SimError> {
        for speaker in &mut self.speakers {
            speaker.say_next(&self.script, limits::SEND_RETRIES_MAX, &mut Tally::default()).await?;
        }
        Ok(())
    }

    /// 429 answers that the speakers waited for.
    pub fn limited(&self) -> u64 {
        self.speakers.iter().map(|speaker| speaker.person.limited()).sum()
    }

    /// Reads every recipient's timeline from scratch and checks it.
    pub async fn verify_from_scratch(&self) -> Result<Verification, SimError> {
        let sum = |mut sum: Verification, next: Verification| async move {
            sum.add(&next);
            Ok(sum)
        };
        let checks = stream::iter(0..self.recipients.len()).map(|index| self.verify_one(index));
        checks.buffered(limits::SETUP_PARALLEL).try_fold(Verification::default(), sum).await
    }

    async fn verify_one(&self, index: usize) -> Result<Verification, SimError> {
        let mut listener = self.recipients[index].listener(&self.script);
        listener.poll(0).await?;
        Ok(check(&self.speakers[index], listener.seen()))
    }
}

/// Makes the keys of a pair, and publishes them where the server hands them out.
async fn keys(pair: &mut Pair, privacy: Privacy) -> Result<Option<(Sealer, Arc<Keyring>)>, SimError> {
    if !privacy.is_sealed() {
        return Ok(None);
    }
    let mut devices = [&pair.sender, &pair.recipient].map(|person| Device::new(person.user_id(), person.device_id()));
    if privacy == Privacy::Sealed {
        pair.sender.upload_keys(&devices[0].introduction()).await?;
        pair.recipient.upload_keys(&devices[1].introduction()).await?;
    }
    let [sender, recipient] = devices;
    let keyring = Arc::new(Keyring::new(recipient));
    let by_hand = (privacy == Privacy::SealedByHand).then(|| Arc::clone(&keyring));
    Ok(Some((Sealer::new(sender, &pair.room.id, pair.recipient.user_id(), by_hand), keyring)))
}

/// Checks one timeline against what its speaker sent.
pub fn check(speaker: &Speaker, seen: &[Seen]) -> Verification {
    let faults = verify(&BTreeMap::from([(speaker.index, &speaker.sent)]), seen);
    Verification { timelines: 1, messages: seen.len() as u64, faults }
}
