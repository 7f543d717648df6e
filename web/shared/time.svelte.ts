const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** One clock for every countdown on the page. */
class Clock {
  now_ms = $state(Date.now());

  constructor() {
    setInterval(() => {
      this.now_ms = Date.now();
    }, SECOND_MS);
  }
}

export const clock = new Clock();

/** `45 s`, `14 min`, `3 h 5 min`, `2 d 4 h`: the two largest units, never negative. */
export function span(length_ms: number): string {
  const length = Math.max(0, length_ms);
  if (length < MINUTE_MS) return `${Math.floor(length / SECOND_MS)} s`;
  if (length < HOUR_MS) return `${Math.floor(length / MINUTE_MS)} min`;
  if (length < DAY_MS) return pair(length, HOUR_MS, 'h', MINUTE_MS, 'min');
  return pair(length, DAY_MS, 'd', HOUR_MS, 'h');
}

function pair(length: number, large: number, largeName: string, small: number, smallName: string): string {
  const rest = Math.floor((length % large) / small);
  const first = `${Math.floor(length / large)} ${largeName}`;
  return rest === 0 ? first : `${first} ${rest} ${smallName}`;
}

export function untilDue(due_ms: number, now_ms: number): string {
  return due_ms >= now_ms ? `${span(due_ms - now_ms)} left` : `${span(now_ms - due_ms)} over`;
}

const whole = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
const short = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' });

export const moment = (ts: number) => whole.format(ts);
export const timeOfDay = (ts: number) => short.format(ts);
export const iso = (ts: number) => new Date(ts).toISOString();
