import type { AccountState, Action, AgeBand, MessageState, Outcome, Priority } from './types';

/** What the console calls things. Every table is complete by type. */

export const PRIORITY: Record<Priority, string> = {
  P0: 'Imminent harm',
  P1: 'Serious',
  P2: 'Ordinary',
  P3: 'Can wait',
};

export const AGE: Record<AgeBand, string> = {
  u13: 'Under 13',
  '13-15': '13 to 15',
  '16-17': '16 or 17',
  adult: 'Adult',
  unknown: 'Age not known',
};

export const ACCOUNT: Record<AccountState, string> = {
  active: 'Active',
  suspended: 'Suspended',
  locked: 'Locked',
  deactivated: 'Closed',
};

export const ACTION: Record<Action | 'allow', string> = {
  allow: 'Allowed',
  annotate: 'Flagged',
  hold: 'Withheld',
  block: 'Blocked',
};

export const MESSAGE: Record<MessageState, string> = {
  visible: 'Delivered',
  withheld: 'Withheld: only the sender sees it',
  blocked: 'Blocked: it was not delivered',
  removed: 'Removed',
  released: 'Released and delivered',
  expired: 'Time limit passed',
};

export interface OutcomeWords {
  name: string;
  /** What happens, shown before the decision is confirmed. */
  effect: string;
  severe: boolean;
}

/** In the order of their keys, 1 to 7. */
export const OUTCOMES: [Outcome, OutcomeWords][] = [
  [
    'release',
    { name: 'Release', effect: 'The message is delivered to everyone in the conversation.', severe: false },
  ],
  ['keep_blocked', { name: 'Keep blocked', effect: 'The message is never delivered.', severe: false }],
  ['remove', { name: 'Remove', effect: 'The delivered message is redacted for everyone.', severe: true }],
  [
    'warn',
    {
      name: 'Warn',
      effect: 'The sender is told that this broke the rules, and gets a strike.',
      severe: false,
    },
  ],
  [
    'suspend',
    { name: 'Suspend', effect: 'The sender can read but not write until staff lift it.', severe: true },
  ],
  ['lock', { name: 'Lock', effect: 'The sender can only log out until staff lift it.', severe: true }],
  ['dismiss', { name: 'Dismiss', effect: 'Nothing was wrong. The case is closed.', severe: false }],
];

export function outcomeName(outcome: Outcome): string {
  return OUTCOMES.find(([id]) => id === outcome)?.[1].name ?? outcome;
}

/** `violence.threat` → `Violence: threat`; `child_safety.grooming` → `Child safety: grooming`. */
export function harm(id: string): string {
  const text = id.replaceAll('_', ' ').replaceAll('.', ': ');
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The server's note on rights, as a sentence. */
export function sentenceOf(note: string): string {
  return `${note.charAt(0).toUpperCase()}${note.slice(1)}.`;
}

export function role(id: string): string {
  const text = id.replaceAll('_', ' ');
  return text.charAt(0).toUpperCase() + text.slice(1);
}

export function count(n: number, singular: string, plural = `${singular}s`): string {
  return `${n} ${n === 1 ? singular : plural}`;
}
