//! What the rules may know about a message besides its text. All of it exists in sealed conversations too, but what is
//! known of media: those are encrypted there.

use serde::{Deserialize, Serialize};

use crate::person::AgeBand;

/// What is known of one party.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PartyFacts {
    /// Age band as told by the operator.
    pub age_band: AgeBand,
    /// Age of the account in hours.
    pub account_age_h: i64,
    /// Upheld decisions against this account.
    pub strikes: i64,
}

/// What is known of the two parties together. In a group, over all recipients: the least familiar one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PairFacts {
    /// Whether both wrote before.
    pub mutual: bool,
    /// Whether the sender has not written to this recipient before.
    pub first_contact: bool,
    /// Messages of the sender to the recipient so far, as far as remembered.
    pub prior_msgs: i64,
    /// Different themes (term sets named `theme_…`) that the sender touched upon here lately; counted when the message
    /// itself has one, 0 otherwise.
    pub themes: i64,
}

/// Sliding counts over the sender's recent behaviour.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CounterFacts {
    /// People written to for the first time in the last hour.
    pub first_contacts_1h: i64,
    /// Minors written to for the first time in the last day.
    pub new_minor_threads_24h: i64,
    /// Messages with the same folded text to other rooms in the last hour, this one not counted.
    pub identical_texts_1h: i64,
    /// Messages with the same link to other rooms in the last hour, this one not counted.
    pub identical_links_1h: i64,
    /// Messages of the sender in the last minute.
    pub messages_1m: i64,
    /// Reports against the sender in the last seven days.
    pub reports_7d: i64,
}

/// The message's outer form.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MessageFacts {
    /// Matrix event type, as in `m.room.message`.
    pub kind: String,
    /// Characters of text over all parts.
    pub len: i64,
    /// Links in the text.
    pub links: i64,
    /// Whether it carries media.
    pub has_media: bool,
    /// Whether it replaces an earlier message.
    pub is_edit: bool,
}

/// What is known of the media that a readable message shows. All zero while no bank of known media is loaded.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MediaFacts {
    /// Entries of banks of known media that they match.
    pub matches: i64,
    /// Bits in which the nearest entry differs; 0 for the very same bytes.
    pub distance: i64,
}

/// Where it is said.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ContextFacts {
    /// Tenant of the conversation.
    pub tenant: String,
    /// `readable` or `sealed`.
    pub mode: String,
    /// Jurisdiction of the sender, as in `DE` or `US-CA`; empty when unknown.
    pub jurisdiction: String,
    /// Joined members, the sender counted.
    pub members: i64,
}

/// All facts of one message, as rules see them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Facts {
    /// The message's outer form.
    pub msg: MessageFacts,
    /// What is known of the media it shows.
    pub media: MediaFacts,
    /// Who writes.
    pub sender: PartyFacts,
    /// Who reads; in a group the youngest and newest values over all.
    pub recipient: PartyFacts,
    /// The two together.
    pub pair: PairFacts,
    /// The sender's recent behaviour.
    pub counters: CounterFacts,
    /// Where it is said.
    pub ctx: ContextFacts,
}
