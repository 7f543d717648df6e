/** The JSON of the staff API (`/_frankly/v1/console`). Times are milliseconds since the epoch. */

export const PRIORITIES = ['P0', 'P1', 'P2', 'P3'] as const;
export type Priority = (typeof PRIORITIES)[number];

export type CaseState = 'open' | 'claimed' | 'decided';
export type Action = 'annotate' | 'hold' | 'block';
export type AgeBand = 'u13' | '13-15' | '16-17' | 'adult' | 'unknown';
export type AccountState = 'active' | 'suspended' | 'locked' | 'deactivated';
export type MessageState = 'visible' | 'withheld' | 'blocked' | 'removed' | 'released' | 'expired';
export type Outcome = 'release' | 'keep_blocked' | 'remove' | 'warn' | 'suspend' | 'lock' | 'dismiss';
export type Id = string | number;

export interface Staff {
  user_id: string;
  display_name: string | null;
  roles: string[];
}

export interface Overview {
  open: number;
  claimed_by_me: number;
  overdue: number;
  decided_24h: number;
  withheld: number;
  reads_24h: number;
  by_priority: Record<Priority, number>;
}

export interface Person {
  user_id: string;
  display_name: string | null;
  age_band: AgeBand;
}

export interface Subject extends Person {
  state: AccountState;
  strikes: number;
}

interface CaseCommon {
  id: Id;
  state: CaseState;
  priority: Priority;
  queue: string;
  harms: string[];
  severity: number;
  source: 'scan' | 'report' | 'contact';
  action: Action | null;
  kind: 'event' | 'room' | 'user';
  opened_ms: number;
  due_ms: number;
  overdue: boolean;
  claimed_by: string | null;
  subject: Subject | null;
  room_id: string | null;
}

export interface CaseSummary extends CaseCommon {
  reports: number;
}

export interface MessageFacts {
  event_id: string | null;
  type: string | null;
  ts: number | null;
  state: MessageState;
  hold_until_ms: number | null;
  on_timeout: 'release' | 'block' | null;
  text_gone_ms: number | null;
  sealed: SealedFacts | null;
}

export interface Reason {
  rule: string;
  harm: string;
  severity: number;
  action: Action | 'allow';
  explain: string;
  shadow: boolean;
  score: number;
}

export interface Report {
  id: Id;
  ts: number;
  reporter: string;
  reason: string | null;
}

export interface Decision {
  id: Id;
  ts: number;
  decider: string;
  outcome: Outcome;
  note: string;
}

export interface AccessRecord {
  id: Id;
  ts: number;
  staff: string;
  role: string;
  action: string;
  case_id: Id | null;
  room_id: string | null;
  reason: string;
  subjects: string[];
  events: number;
}

/** What can be known of an encrypted message without reading it. */
export interface SealedFacts {
  ciphertext_bytes: number;
  device_id: string | null;
  session_id: string;
  message_index: number;
  session_first_ms: number;
  elsewhere: boolean;
  repeated: boolean;
}

export interface CaseDetail extends CaseCommon {
  message: MessageFacts | null;
  reasons: Reason[];
  members: Person[];
  mode: string | null;
  reports: Report[];
  decisions: Decision[];
  reads: AccessRecord[];
  allowed: string[];
  rights_note: string | null;
}

/** A place in `content.<field>` that a rule matched; counted in characters, not UTF-16 units. */
export interface Hit {
  field: string;
  start: number;
  end: number;
  key: string;
  rule: string;
}

export interface RevealedMessage {
  event_id: string | null;
  sender: string;
  ts: number;
  type: string;
  state: MessageState;
  anchor: boolean;
  content: Record<string, unknown>;
  hits: Hit[];
}

export interface Revealed {
  access_ids: Id[];
  messages: RevealedMessage[];
}

export interface Delivery {
  id: Id;
  kind: string;
  created_ms: number;
  attempts: number;
  next_attempt_ms: number | null;
  state: 'failed' | 'pending' | 'delivered';
  last_status: string | null;
}

export interface CaseNews {
  case_id: Id;
  kind: 'opened' | 'updated' | 'decided';
  priority: Priority;
  queue: string;
}
