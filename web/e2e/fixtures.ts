import type { CaseDetail, Delivery, Person, Revealed, RevealedMessage, Staff } from '../shared/types.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Appears in the pages only after a reveal. */
export const BODY = 'ok 👋🏽 then I will find you tomorrow';

export const staff = (): Staff => ({
  user_id: '@rae:frankly.test',
  display_name: 'Rae',
  roles: ['senior_reviewer'],
});

const ana: Person = { user_id: '@ana:frankly.test', display_name: 'Ana', age_band: '16-17' };
const ben: Person = { user_id: '@ben:frankly.test', display_name: 'Ben', age_band: 'adult' };

export function cases(now: number): CaseDetail[] {
  const common = {
    queue: 'safety',
    kind: 'event' as const,
    source: 'scan' as const,
    state: 'open' as const,
    claimed_by: null,
    overdue: false,
    room_id: '!DHzgQzG4nQW1y7',
    members: [ana, ben],
    mode: 'readable',
    reports: [],
    decisions: [],
    reads: [],
    allowed: ['claim'],
    rights_note: 'claim the case first',
    subject: { ...ben, state: 'active' as const, strikes: 2 },
  };
  const threat = {
    rule: 'frankly-en/th-001',
    harm: 'violence.threat',
    severity: 3,
    action: 'hold' as const,
    explain: 'Says that the sender will come for the reader',
    shadow: false,
    score: 0.86,
  };
  const message = {
    event_id: '$held',
    type: 'm.room.message',
    ts: now - 12 * MINUTE_MS,
    state: 'withheld' as const,
    hold_until_ms: now + 4 * HOUR_MS,
    on_timeout: 'block' as const,
    text_gone_ms: null,
    sealed: null,
  };
  return [
    {
      ...common,
      id: 17,
      priority: 'P1',
      harms: ['violence.threat'],
      severity: 3,
      action: 'hold',
      opened_ms: now - 12 * MINUTE_MS,
      due_ms: now + 228 * MINUTE_MS,
      message,
      reasons: [threat],
      reports: [
        { id: 3, ts: now - 6 * MINUTE_MS, reporter: '@ana:frankly.test', reason: 'He keeps writing this' },
      ],
    },
    {
      ...common,
      id: 18,
      priority: 'P0',
      queue: 'child-safety',
      harms: ['child_safety.grooming'],
      severity: 4,
      action: 'block',
      opened_ms: now - 16 * MINUTE_MS,
      due_ms: now - MINUTE_MS,
      overdue: true,
      message: { ...message, event_id: null, state: 'blocked', hold_until_ms: null, on_timeout: null },
      reasons: [{ ...threat, rule: 'frankly-en/so-002', harm: 'child_safety.grooming', severity: 4 }],
    },
    {
      ...common,
      id: 19,
      priority: 'P2',
      source: 'report',
      harms: [],
      severity: 2,
      action: null,
      state: 'claimed',
      claimed_by: '@sam:frankly.test',
      allowed: [],
      opened_ms: now - 3 * HOUR_MS,
      due_ms: now + 21 * HOUR_MS,
      message: { ...message, state: 'visible', hold_until_ms: null, on_timeout: null },
      reasons: [],
    },
  ];
}

export function revealed(one: CaseDetail, accessId: number): Revealed {
  const line = (index: number, sender: Person, body: string): RevealedMessage => ({
    event_id: `$e${index}`,
    sender: sender.user_id,
    ts: (one.message?.ts ?? 0) - (7 - index) * MINUTE_MS,
    type: 'm.room.message',
    state: 'visible',
    anchor: false,
    content: { msgtype: 'm.text', body },
    hits: [],
  });
  const anchor: RevealedMessage = {
    ...line(6, ben, BODY),
    anchor: true,
    state: 'withheld',
    // In characters: the waving hand with its skin tone counts two, and four UTF-16 units.
    hits: [{ field: 'body', start: 11, end: 26, key: 'i will find you', rule: 'frankly-en/th-001' }],
  };
  const before = [
    'Are you coming to practice?',
    'not today',
    'You said you would',
    'please stop asking',
    'Why?',
  ];
  return {
    access_ids: [accessId],
    messages: [...before.map((body, index) => line(index + 1, index % 2 === 0 ? ben : ana, body)), anchor],
  };
}

export function deliveries(now: number): Delivery[] {
  const one = { kind: 'case.opened', created_ms: now - HOUR_MS, attempts: 6, next_attempt_ms: null };
  return [
    { ...one, id: 'msg_1', state: 'failed', last_status: '503' },
    { ...one, id: 'msg_2', state: 'delivered', last_status: '204', attempts: 1 },
  ];
}
