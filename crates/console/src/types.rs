//! What the console API says, as JSON.

use app::review::{
    AccessRow, CaseRow, CaseView, DecisionRow, Delivery, Detail, MemberRow, Overview, OwnReport, ReportRow, Revealed, RevealedMessage,
    Staff, Subject,
};
use model::case::{CaseKind, CaseState, MessageState, Outcome, Priority};
use model::clock::Timestamp;
use model::finding::Hit;
use model::verdict::{OnTimeout, Reason};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::modes::SealedAnswer;

/// A log-in.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct LoginBody {
    /// Local part or whole user ID.
    pub(crate) user: String,
    /// Password.
    pub(crate) password: String,
}

/// The member of staff who is logged in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Me {
    user_id: String,
    display_name: Option<String>,
    roles: Vec<&'static str>,
}

impl From<Staff> for Me {
    fn from(staff: Staff) -> Self {
        let roles = staff.roles.iter().map(|role| role.as_str()).collect();
        Self { user_id: staff.user_id.to_string(), display_name: staff.display_name, roles }
    }
}

/// Nothing to say but that it worked.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Done {}

/// What there is to do.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OverviewAnswer {
    open: i64,
    claimed_by_me: i64,
    overdue: i64,
    decided_24h: i64,
    withheld: i64,
    reads_24h: i64,
    by_priority: ByPriority,
}

/// Undecided cases by priority.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) struct ByPriority {
    p0: i64,
    p1: i64,
    p2: i64,
    p3: i64,
}

impl From<Overview> for OverviewAnswer {
    fn from(counts: Overview) -> Self {
        let [p0, p1, p2, p3] = counts.by_priority;
        Self {
            open: counts.open,
            claimed_by_me: counts.claimed_by_me,
            overdue: counts.overdue,
            decided_24h: counts.decided_24h,
            withheld: counts.withheld,
            reads_24h: counts.reads_24h,
            by_priority: ByPriority { p0, p1, p2, p3 },
        }
    }
}

/// A page of the queue.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CasesAnswer {
    pub(crate) cases: Vec<CaseSummary>,
    /// Where the next page begins; null at the end.
    pub(crate) next: Option<String>,
}

/// A case, as the queue shows it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CaseSummary {
    #[serde(flatten)]
    common: CaseCommon,
    /// How many members complained.
    reports: i64,
}

/// What the queue and the page of a case both say.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CaseCommon {
    id: i64,
    #[schema(example = "open")]
    state: &'static str,
    #[schema(example = "P1")]
    priority: &'static str,
    queue: String,
    harms: Vec<String>,
    severity: i64,
    source: String,
    action: Option<&'static str>,
    kind: &'static str,
    opened_ms: i64,
    due_ms: i64,
    overdue: bool,
    claimed_by: Option<String>,
    subject: Option<SubjectAnswer>,
    room_id: Option<String>,
}

/// Whom a case is about.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SubjectAnswer {
    user_id: String,
    display_name: Option<String>,
    age_band: &'static str,
    state: &'static str,
    strikes: i64,
}

impl From<Subject> for SubjectAnswer {
    fn from(subject: Subject) -> Self {
        Self {
            user_id: subject.user_id.to_string(),
            display_name: subject.display_name,
            age_band: subject.age_band.as_str(),
            state: subject.state.as_str(),
            strikes: subject.strikes,
        }
    }
}

/// The name of a priority.
pub(crate) fn priority(priority: Priority) -> &'static str {
    match priority {
        Priority::P0 => "P0",
        Priority::P1 => "P1",
        Priority::P2 => "P2",
        Priority::P3 => "P3",
    }
}

impl CaseSummary {
    pub(crate) fn of(case: CaseRow, now: Timestamp) -> Self {
        Self { reports: case.reports, common: CaseCommon::of(case, now) }
    }
}

impl CaseCommon {
    fn of(case: CaseRow, now: Timestamp) -> Self {
        Self {
            id: case.case_id.0,
            state: case.state.as_str(),
            priority: priority(case.priority),
            queue: case.queue,
            harms: case.harms,
            severity: case.severity,
            source: case.source,
            action: case.action.map(model::verdict::Action::as_str),
            kind: case.kind.as_str(),
            opened_ms: case.opened.0,
            due_ms: case.due.0,
            overdue: case.state != CaseState::Decided && case.due < now,
            claimed_by: case.claimed_by.map(|staff| staff.to_string()),
            subject: case.subject.map(Into::into),
            room_id: case.room_id.map(|room| room.to_string()),
        }
    }
}

/// A case with all that is known about it, but never the message.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CaseDetailAnswer {
    #[serde(flatten)]
    common: CaseCommon,
    message: Option<MessageAnswer>,
    reasons: Vec<ReasonAnswer>,
    members: Vec<MemberAnswer>,
    mode: Option<String>,
    reports: Vec<ReportAnswer>,
    decisions: Vec<DecisionAnswer>,
    reads: Vec<AccessAnswer>,
    allowed: Vec<String>,
    rights_note: String,
}

/// Where the message of a case stands.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MessageAnswer {
    event_id: Option<String>,
    r#type: Option<String>,
    ts: Option<i64>,
    state: &'static str,
    hold_until_ms: Option<i64>,
    on_timeout: Option<&'static str>,
    /// When the text kept of it was deleted because its time was over.
    text_gone_ms: Option<i64>,
    /// What can be known of an encrypted message; there is no text to reveal.
    sealed: Option<SealedAnswer>,
}

/// A rule that fired.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReasonAnswer {
    rule: String,
    harm: String,
    severity: u8,
    action: &'static str,
    explain: String,
    shadow: bool,
    score: f32,
}

/// A member of the conversation.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MemberAnswer {
    user_id: String,
    display_name: Option<String>,
    age_band: &'static str,
}

/// A complaint, as a reviewer sees it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReportAnswer {
    id: i64,
    ts: i64,
    reporter: String,
    reason: String,
}

/// A decision.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DecisionAnswer {
    id: i64,
    ts: i64,
    decider: String,
    outcome: String,
    note: String,
}

impl From<CaseView> for CaseDetailAnswer {
    fn from(view: CaseView) -> Self {
        let CaseView { detail, allowed, rights_note, now } = view;
        let message = message(&detail);
        Self {
            message,
            common: CaseCommon::of(detail.case, now),
            reasons: detail.reasons.into_iter().map(Into::into).collect(),
            members: detail.members.into_iter().map(Into::into).collect(),
            mode: detail.mode,
            reports: detail.reports.into_iter().map(Into::into).collect(),
            decisions: detail.decisions.into_iter().map(Into::into).collect(),
            reads: detail.reads.into_iter().map(Into::into).collect(),
            allowed,
            rights_note,
        }
    }
}

fn message(detail: &Detail) -> Option<MessageAnswer> {
    let case = &detail.case;
    if case.kind != CaseKind::Event {
        return None;
    }
    Some(MessageAnswer {
        event_id: case.event_id.as_ref().map(ToString::to_string),
        r#type: detail.event_type.clone(),
        ts: detail.sent.map(|sent| sent.0),
        state: case.message_state.unwrap_or(MessageState::Visible).as_str(),
        hold_until_ms: case.hold_until.map(|until| until.0),
        on_timeout: case.on_timeout.map(|default| match default {
            OnTimeout::Release => "release",
            OnTimeout::Block => "block",
        }),
        text_gone_ms: detail.text_gone.map(|gone| gone.0),
        sealed: detail.sealed.as_ref().map(Into::into),
    })
}

impl From<Reason> for ReasonAnswer {
    fn from(reason: Reason) -> Self {
        Self {
            rule: reason.rule,
            harm: reason.harm,
            severity: reason.severity,
            action: reason.action.as_str(),
            explain: reason.explain,
            shadow: reason.shadow,
            score: reason.score,
        }
    }
}

impl From<MemberRow> for MemberAnswer {
    fn from(member: MemberRow) -> Self {
        Self { user_id: member.user_id.to_string(), display_name: member.display_name, age_band: member.age_band.as_str() }
    }
}

impl From<ReportRow> for ReportAnswer {
    fn from(report: ReportRow) -> Self {
        Self { id: report.report_id.0, ts: report.ts.0, reporter: report.reporter.to_string(), reason: report.reason }
    }
}

impl From<DecisionRow> for DecisionAnswer {
    fn from(row: DecisionRow) -> Self {
        Self { id: row.decision_id.0, ts: row.ts.0, decider: row.decider.to_string(), outcome: row.outcome, note: row.note }
    }
}

/// Why and how wide a case is opened.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct RevealBody {
    /// 3 to 4096 bytes, kept on record.
    pub(crate) reason: String,
    /// Messages before and after, 0 to 5.
    #[serde(default = "whole_window")]
    pub(crate) window: usize,
}

fn whole_window() -> usize {
    model::limits::REVEAL_WINDOW_EVENTS
}

/// Messages, and the records of their being read.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RevealedAnswer {
    access_ids: Vec<i64>,
    messages: Vec<RevealedMessageAnswer>,
}

/// A message with its content.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RevealedMessageAnswer {
    event_id: Option<String>,
    sender: String,
    ts: i64,
    r#type: String,
    state: &'static str,
    anchor: bool,
    /// The Matrix content.
    #[schema(value_type = Object)]
    content: Value,
    hits: Vec<HitAnswer>,
}

/// What the scanner saw, in characters of `content.<field>`.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct HitAnswer {
    field: String,
    start: u32,
    end: u32,
    key: String,
    rule: String,
}

impl From<Hit> for HitAnswer {
    fn from(hit: Hit) -> Self {
        Self { field: hit.field, start: hit.start, end: hit.end, key: hit.key, rule: hit.term }
    }
}

impl From<Revealed> for RevealedAnswer {
    fn from(revealed: Revealed) -> Self {
        let hits: Vec<HitAnswer> = revealed.hits.into_iter().map(Into::into).collect();
        let show = |message: RevealedMessage| RevealedMessageAnswer {
            event_id: message.event_id.map(|id| id.to_string()),
            sender: message.sender.to_string(),
            ts: message.ts.0,
            r#type: message.event_type,
            state: message.state.as_str(),
            anchor: message.anchor,
            content: serde_json::from_str(&message.content).unwrap_or(Value::Null),
            hits: if message.anchor { hits.clone() } else { Vec::new() },
        };
        Self { access_ids: vec![revealed.access_id.0], messages: revealed.messages.into_iter().map(show).collect() }
    }
}

/// A decision as a reviewer makes it.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct DecideBody {
    /// `release`, `keep_blocked`, `remove`, `warn`, `suspend`, `lock` or `dismiss`.
    #[schema(value_type = String)]
    pub(crate) outcome: Outcome,
    /// Why, for the record.
    #[serde(default)]
    pub(crate) note: String,
    /// Words to the sender; may be empty.
    #[serde(default)]
    pub(crate) tell_sender: String,
}

/// Access records, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AccessPageAnswer {
    pub(crate) records: Vec<AccessAnswer>,
    /// `before` of the next page; null at the end.
    pub(crate) next: Option<String>,
}

/// Who read what, when and why.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AccessAnswer {
    id: i64,
    ts: i64,
    staff: String,
    role: String,
    action: String,
    case_id: i64,
    room_id: Option<String>,
    reason: String,
    subjects: Vec<String>,
    events: usize,
}

impl From<AccessRow> for AccessAnswer {
    fn from(row: AccessRow) -> Self {
        Self {
            id: row.access_id.0,
            ts: row.ts.0,
            staff: row.staff.to_string(),
            role: row.role,
            action: row.action,
            case_id: row.case_id.0,
            room_id: row.room_id.map(|room| room.to_string()),
            reason: row.reason,
            subjects: row.subjects.iter().map(ToString::to_string).collect(),
            events: row.events,
        }
    }
}

/// Who looked at a member's messages.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OwnAccessAnswer {
    pub(crate) records: Vec<OwnAccess>,
}

/// One look at a member's messages. The role is named, the person is not.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OwnAccess {
    id: i64,
    ts: i64,
    role: String,
    action: String,
    /// `flagged` by the scanner or `reported` by a member.
    reason_class: &'static str,
    room_id: Option<String>,
    events: usize,
    case_id: i64,
    /// What was decided; null while the case is open.
    outcome: Option<String>,
}

impl From<AccessRow> for OwnAccess {
    fn from(row: AccessRow) -> Self {
        Self {
            id: row.access_id.0,
            ts: row.ts.0,
            role: row.role,
            action: row.action,
            reason_class: if row.source.as_deref() == Some("report") { "reported" } else { "flagged" },
            room_id: row.room_id.map(|room| room.to_string()),
            events: row.events,
            case_id: row.case_id.0,
            outcome: row.outcome,
        }
    }
}

/// A member's complaints.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OwnReportsAnswer {
    pub(crate) reports: Vec<OwnReportAnswer>,
}

/// A complaint and where it stands.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OwnReportAnswer {
    id: i64,
    ts: i64,
    kind: &'static str,
    target: String,
    /// `received`, `in_review` or `answered`.
    state: &'static str,
    outcome: Option<String>,
}

impl From<OwnReport> for OwnReportAnswer {
    fn from(report: OwnReport) -> Self {
        let state = match report.case_state {
            CaseState::Open => "received",
            CaseState::Claimed => "in_review",
            CaseState::Decided => "answered",
        };
        Self { id: report.report_id.0, ts: report.ts.0, kind: report.kind.as_str(), target: report.target, state, outcome: report.outcome }
    }
}

/// Deliveries to the webhook, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WebhooksAnswer {
    pub(crate) deliveries: Vec<DeliveryAnswer>,
}

/// One delivery.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeliveryAnswer {
    id: i64,
    kind: String,
    created_ms: i64,
    attempts: i64,
    next_attempt_ms: Option<i64>,
    state: String,
    last_status: Option<String>,
}

impl From<Delivery> for DeliveryAnswer {
    fn from(delivery: Delivery) -> Self {
        Self {
            id: delivery.outbox_id,
            kind: delivery.event,
            created_ms: delivery.created.0,
            attempts: delivery.attempts,
            next_attempt_ms: delivery.next_attempt.map(|at| at.0),
            state: delivery.state,
            last_status: delivery.last_status,
        }
    }
}
