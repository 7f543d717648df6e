/** A stub of the staff API that serves the built pages, for tests of the pages alone. */
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import type {
  AccessRecord,
  CaseDetail,
  Delivery,
  Outcome,
  Overview,
  Revealed,
  Staff,
} from '../shared/types.ts';
import { cases, deliveries, revealed, staff } from './fixtures.ts';

const PAGES = new URL('../dist/console', import.meta.url).pathname;
const HOME = '/_frankly/console/';
const API = '/_frankly/v1/console';
const TYPES: Record<string, string> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
};
const POLICY =
  "default-src 'self'; style-src 'self'; script-src 'self'; base-uri 'none'; frame-ancestors 'none'";

export interface Call {
  method: string;
  path: string;
  body: unknown;
  guarded: boolean;
}

export class Mock {
  readonly staff: Staff = staff();
  cases: CaseDetail[] = cases(Date.now());
  records: AccessRecord[] = [];
  deliveries: Delivery[] = deliveries(Date.now());
  calls: Call[] = [];
  signedIn = false;
  /** Paths that answer 500. */
  broken = new Set<string>();
  url = '';
  private server: Server;
  private streams = new Set<ServerResponse>();

  constructor() {
    this.server = createServer((request, response) => void this.answer(request, response));
  }

  async start(): Promise<void> {
    await new Promise<void>((done) => this.server.listen(0, '127.0.0.1', done));
    this.url = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}${HOME}`;
  }

  stop(): void {
    for (const stream of this.streams) stream.end();
    this.server.closeAllConnections();
    this.server.close();
  }

  send(event: string, data: unknown): void {
    for (const stream of this.streams) stream.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://stub');
    if (url.pathname.startsWith(HOME)) return page(url.pathname.slice(HOME.length) || 'index.html', response);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body: unknown = chunks.length > 0 ? JSON.parse(Buffer.concat(chunks).toString()) : null;
    const path = url.pathname.slice(API.length);
    const method = request.method ?? 'GET';
    const guarded = request.headers['x-frankly-console'] === '1';
    this.calls.push({ method, path, body, guarded });
    if (method !== 'GET' && !guarded)
      return refuse(response, 403, 'M_FORBIDDEN', 'The guard header is missing.');
    if (this.broken.has(path)) return refuse(response, 500, 'M_UNKNOWN', 'Something broke on the server.');
    if (path === '/login') return this.login(body as { user: string; password: string }, response);
    if (!this.signedIn) return refuse(response, 401, 'M_MISSING_TOKEN', 'Sign in first.');
    if (path === '/events') return this.stream(response);
    this.route(method, path, url.searchParams, body, response);
  }

  private login({ user, password }: { user: string; password: string }, response: ServerResponse): void {
    if (user !== 'rae' || password !== 'right') {
      return refuse(response, 403, 'M_FORBIDDEN', 'The name or the password is wrong.');
    }
    this.signedIn = true;
    json(response, 200, this.staff);
  }

  private stream(response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    response.write(': hello\n\n');
    this.streams.add(response);
    response.on('close', () => this.streams.delete(response));
  }

  private route(
    method: string,
    path: string,
    query: URLSearchParams,
    body: unknown,
    response: ServerResponse,
  ): void {
    const [, noun, id, verb] = path.split('/');
    if (noun === 'me') return json(response, 200, this.staff);
    if (noun === 'logout') {
      this.signedIn = false;
      return json(response, 200, {});
    }
    if (noun === 'overview') return json(response, 200, this.overview());
    if (noun === 'access') return json(response, 200, { records: this.records, next: null });
    if (noun === 'webhooks') return this.webhooks(method, id, query, response);
    if (noun === 'cases' && id === undefined) return this.list(query, response);
    const found = this.cases.find((one) => String(one.id) === id);
    if (!found) return refuse(response, 404, 'M_NOT_FOUND', 'There is no such case.');
    if (verb !== undefined) return this.act(found, verb, body as Record<string, string>, response);
    json(response, 200, found);
  }

  private overview(): Overview {
    const open = this.cases.filter((one) => one.state === 'open');
    const of = (priority: string) => open.filter((one) => one.priority === priority).length;
    return {
      open: open.length,
      claimed_by_me: this.cases.filter(
        (one) => one.claimed_by === this.staff.user_id && one.state === 'claimed',
      ).length,
      overdue: open.filter((one) => one.overdue).length,
      decided_24h: this.cases.filter((one) => one.state === 'decided').length,
      withheld: this.cases.filter((one) => one.message?.state === 'withheld').length,
      reads_24h: this.records.length,
      by_priority: { P0: of('P0'), P1: of('P1'), P2: of('P2'), P3: of('P3') },
    };
  }

  private list(query: URLSearchParams, response: ServerResponse): void {
    const state = query.get('state') ?? 'open';
    const queue = query.get('queue');
    const fitting = this.cases
      .filter((one) => (state === 'all' || one.state === state) && (!queue || one.queue === queue))
      .sort((a, b) => a.priority.localeCompare(b.priority) || a.opened_ms - b.opened_ms)
      .map((one) => ({ ...one, reports: one.reports.length }));
    json(response, 200, { cases: fitting, next: null });
  }

  private webhooks(
    method: string,
    id: string | undefined,
    query: URLSearchParams,
    response: ServerResponse,
  ): void {
    if (method === 'POST') {
      for (const one of this.deliveries) if (String(one.id) === id) one.state = 'pending';
      return json(response, 200, {});
    }
    json(response, 200, { deliveries: this.deliveries.filter((one) => one.state === query.get('state')) });
  }

  private act(one: CaseDetail, verb: string, body: Record<string, string>, response: ServerResponse): void {
    const me = this.staff.user_id;
    if (verb === 'claim' && one.claimed_by !== null && one.claimed_by !== me) {
      return refuse(response, 409, 'FRANKLY_CLAIMED', 'Another reviewer holds this case.');
    }
    if (verb === 'claim') Object.assign(one, { state: 'claimed', claimed_by: me, allowed: allowed(one) });
    if (verb === 'unclaim') Object.assign(one, { state: 'open', claimed_by: null, allowed: ['claim'] });
    if (verb === 'reveal') return json(response, 200, this.reveal(one, body.reason ?? ''));
    if (verb === 'decide') this.decide(one, body);
    json(response, 200, one);
  }

  private reveal(one: CaseDetail, reason: string): Revealed {
    const answer = revealed(one, 41 + this.records.length);
    const record: AccessRecord = {
      id: answer.access_ids[0] ?? 0,
      ts: Date.now(),
      staff: this.staff.user_id,
      role: 'senior_reviewer',
      action: 'reveal',
      case_id: one.id,
      room_id: one.room_id,
      reason,
      subjects: one.members.map((member) => member.user_id),
      events: answer.messages.length,
    };
    this.records.push(record);
    one.reads.push(record);
    return answer;
  }

  private decide(one: CaseDetail, { outcome, note }: Record<string, string>): void {
    const decision = {
      id: 1,
      ts: Date.now(),
      decider: this.staff.user_id,
      outcome: outcome as Outcome,
      note: note ?? '',
    };
    one.decisions.push(decision);
    Object.assign(one, { state: 'decided', allowed: [] });
    if (one.message && outcome === 'release') one.message.state = 'released';
  }
}

function allowed(one: CaseDetail): string[] {
  const held =
    one.message?.state === 'withheld' ? ['decide:release', 'decide:keep_blocked'] : ['decide:remove'];
  return ['unclaim', 'reveal', ...held, 'decide:warn', 'decide:suspend', 'decide:dismiss'];
}

async function page(path: string, response: ServerResponse): Promise<void> {
  const bytes = await readFile(join(PAGES, path)).catch(() => null);
  const headers = { 'content-security-policy': POLICY, 'content-type': TYPES[extname(path)] ?? 'text/plain' };
  response.writeHead(bytes ? 200 : 404, headers).end(bytes ?? '');
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function refuse(response: ServerResponse, status: number, errcode: string, error: string): void {
  json(response, status, { errcode, error });
}
