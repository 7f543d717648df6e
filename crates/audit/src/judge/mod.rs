//! What the evidence comes to: a state for each control and platform, never a grade.

mod cell;
mod overlay;
mod risk;

pub use overlay::with_evidence;
pub use risk::{Risk, RiskLevel, risk};

use crate::controls::{Control, Group, Profile, SHIPPED, Subject};
use crate::date::Date;
use crate::registry::{Age, Claim, Platform, Registry};
use crate::value::Weight;

pub use cell::State;

/// What is judged, and as of when.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Id of a profile; all controls without one.
    pub profile: Option<String>,
    /// Ids of platforms; all without any.
    pub platforms: Vec<String>,
    /// Judge what holds in this region; everything claimed without one.
    pub region: Option<String>,
}

/// Why something cannot be judged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JudgeError {
    /// There is no such profile.
    #[error("there is no profile {0}; there are {1}")]
    Profile(String, String),
    /// There is no such platform.
    #[error("there is no platform {0} in the registry")]
    Platform(String),
}

/// Everything judged on a day.
#[derive(Debug)]
pub struct Assessment<'a> {
    /// The day of judgement.
    pub as_of: Date,
    /// What it was judged by.
    pub registry: &'a Registry,
    /// The profile, if one was chosen.
    pub profile: Option<&'static Profile>,
    /// The region, if one was chosen.
    pub region: Option<String>,
    /// Each platform, in the order of the registry.
    pub sheets: Vec<Sheet<'a>>,
    /// The organisation, when controls about it are chosen.
    pub organisation: Option<Sheet<'a>>,
}

/// One platform, judged.
#[derive(Debug)]
pub struct Sheet<'a> {
    /// Which one.
    pub platform: &'a Platform,
    /// One for each control, in order.
    pub cells: Vec<Cell<'a>>,
}

/// One control of one platform, judged.
#[derive(Debug)]
pub struct Cell<'a> {
    /// The control.
    pub control: &'static Control,
    /// Its group.
    pub group: &'static Group,
    /// What it comes to.
    pub state: State,
    /// Why, in a few words.
    pub reason: String,
    /// The claims that were looked at.
    pub judged: Vec<Judged<'a>>,
}

/// A claim and its age on the day.
#[derive(Debug, Clone)]
pub struct Judged<'a> {
    /// The claim.
    pub claim: &'a Claim,
    /// None when it has no sources.
    pub age: Option<Age>,
    /// What it alone comes to.
    pub state: State,
}

impl<'a> Assessment<'a> {
    /// Judges a registry on a day.
    ///
    /// # Errors
    /// When the settings name what is not there.
    pub fn make(registry: &'a Registry, as_of: Date, settings: &Settings) -> Result<Self, JudgeError> {
        let profile = match &settings.profile {
            None => None,
            Some(id) => Some(SHIPPED.profile(id).ok_or_else(|| {
                let all: Vec<&str> = SHIPPED.profiles.iter().map(|profile| profile.id.as_str()).collect();
                JudgeError::Profile(id.clone(), all.join(", "))
            })?),
        };
        if let Some(missing) = settings.platforms.iter().find(|id| registry.platform(id).is_none()) {
            return Err(JudgeError::Platform(missing.clone()));
        }
        let chosen = |control: &Control| profile.is_none_or(|profile| profile.controls.contains(&control.id));
        let controls = |subject: Subject| -> Vec<(&'static Group, &'static Control)> {
            SHIPPED.all().filter(|(group, control)| group.subject == subject && chosen(control)).collect()
        };
        let of_platforms = controls(Subject::Platform);
        let of_organisation = controls(Subject::Organisation);
        let region = settings.region.as_deref();
        let sheet = |platform: &'a Platform, controls: &[(&'static Group, &'static Control)]| Sheet {
            platform,
            cells: controls.iter().map(|(group, control)| cell::judge(registry, platform, group, control, as_of, region)).collect(),
        };
        let wanted = |platform: &&Platform| settings.platforms.is_empty() || settings.platforms.contains(&platform.id);
        let sheets = registry.platforms.iter().filter(wanted).map(|platform| sheet(platform, &of_platforms)).collect();
        let organisation = (!of_organisation.is_empty()).then(|| sheet(&registry.organisation, &of_organisation));
        Ok(Self { as_of, registry, profile, region: settings.region.clone(), sheets, organisation })
    }

    /// All sheets, that of the organisation last.
    pub fn subjects(&self) -> impl Iterator<Item = &Sheet<'a>> {
        self.sheets.iter().chain(&self.organisation)
    }

    /// The sheet of a platform.
    pub fn sheet(&self, id: &str) -> Option<&Sheet<'a>> {
        self.subjects().find(|sheet| sheet.platform.id == id)
    }
}

impl<'a> Sheet<'a> {
    /// The cell of a control, when it is among those judged.
    pub fn cell(&self, control: &str) -> Option<&Cell<'a>> {
        self.cells.iter().find(|cell| cell.control.id == control)
    }

    /// How many cells are in each state.
    pub fn counts(&self) -> Counts {
        self.cells.iter().fold(Counts::default(), |counts, cell| counts.and(cell.state))
    }
}

impl Cell<'_> {
    /// How bad it is when the control is not met.
    pub const fn weight(&self) -> Weight {
        self.control.weight
    }
}

/// Cells by state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Met.
    pub met: usize,
    /// Not met.
    pub not_met: usize,
    /// Disputed.
    pub disputed: usize,
    /// Unknown.
    pub unknown: usize,
    /// Stale.
    pub stale: usize,
    /// Not applicable.
    pub not_applicable: usize,
}

impl Counts {
    /// One more in a state.
    #[must_use]
    pub const fn and(mut self, state: State) -> Self {
        match state {
            State::Met => self.met += 1,
            State::NotMet => self.not_met += 1,
            State::Disputed => self.disputed += 1,
            State::Unknown => self.unknown += 1,
            State::Stale => self.stale += 1,
            State::NotApplicable => self.not_applicable += 1,
        }
        self
    }

    /// By state, in the order of [`State::ALL`].
    pub const fn of(&self, state: State) -> usize {
        match state {
            State::Met => self.met,
            State::NotMet => self.not_met,
            State::Disputed => self.disputed,
            State::Unknown => self.unknown,
            State::Stale => self.stale,
            State::NotApplicable => self.not_applicable,
        }
    }
}
