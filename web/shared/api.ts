import type {
  AccessRecord,
  CaseDetail,
  CaseSummary,
  Delivery,
  Id,
  Outcome,
  Overview,
  Revealed,
  Staff,
} from './types';

const BASE = '/_frankly/v1';
const NETWORK = 'The server cannot be reached. Check the connection and try again.';

/** An answer other than 2xx, or none at all (`status` 0). */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly errcode: string,
    message: string,
  ) {
    super(message);
  }
}

/** Called once for every answer that says the session is over. */
let onExpired: () => void = () => {};

export function whenExpired(callback: () => void): void {
  onExpired = callback;
}

async function call<T>(method: 'GET' | 'POST', path: string, body?: unknown): Promise<T> {
  const headers: Record<string, string> = {};
  if (method !== 'GET') headers['X-Frankly-Console'] = '1';
  const request: RequestInit = { method, headers, credentials: 'same-origin', cache: 'no-store' };
  if (body !== undefined) {
    headers['Content-Type'] = 'application/json';
    request.body = JSON.stringify(body);
  }
  let response: Response;
  try {
    response = await fetch(BASE + path, request);
  } catch {
    throw new ApiError(0, 'NETWORK', NETWORK);
  }
  if (response.ok) return (await response.json()) as T;
  throw await failure(response, path);
}

async function failure(response: Response, path: string): Promise<ApiError> {
  const answer: { errcode?: string; error?: string } = await response.json().catch(() => ({}));
  if (response.status === 401 && path !== '/console/me') onExpired();
  const text = answer.error ?? `The server answered with status ${response.status}.`;
  return new ApiError(response.status, answer.errcode ?? 'UNKNOWN', text);
}

function query(values: Record<string, string | number | null | undefined>): string {
  const pairs = Object.entries(values).filter(
    ([, value]) => value !== null && value !== undefined && value !== '',
  );
  const text = new URLSearchParams(pairs.map(([key, value]) => [key, String(value)])).toString();
  return text && `?${text}`;
}

const one = (id: Id) => `/console/cases/${encodeURIComponent(String(id))}`;

export interface CaseFilter {
  state: 'open' | 'claimed' | 'decided' | 'all';
  queue?: string;
  limit?: number;
  after?: string | null;
}

export const api = {
  login: (user: string, password: string) => call<Staff>('POST', '/console/login', { user, password }),
  logout: () => call<object>('POST', '/console/logout', {}),
  me: () => call<Staff>('GET', '/console/me'),
  overview: () => call<Overview>('GET', '/console/overview'),
  cases: (filter: CaseFilter) =>
    call<{ cases: CaseSummary[]; next: string | null }>('GET', `/console/cases${query({ ...filter })}`),
  case: (id: Id) => call<CaseDetail>('GET', one(id)),
  claim: (id: Id) => call<CaseDetail>('POST', `${one(id)}/claim`, {}),
  unclaim: (id: Id) => call<CaseDetail>('POST', `${one(id)}/unclaim`, {}),
  reveal: (id: Id, reason: string, window: number) =>
    call<Revealed>('POST', `${one(id)}/reveal`, { reason, window }),
  decide: (id: Id, decision: { outcome: Outcome; note: string; tell_sender: string }) =>
    call<CaseDetail>('POST', `${one(id)}/decide`, decision),
  access: (before: string | null, limit = 50) =>
    call<{ records: AccessRecord[]; next: string | null }>(
      'GET',
      `/console/access${query({ limit, before })}`,
    ),
  webhooks: (state: Delivery['state']) =>
    call<{ deliveries: Delivery[] }>('GET', `/console/webhooks${query({ state })}`),
  replay: (id: Id) => call<object>('POST', `/console/webhooks/${encodeURIComponent(String(id))}/replay`, {}),
};

export function sentence(error: unknown): string {
  return error instanceof Error ? error.message : 'Something went wrong.';
}
