/** A member who talks to the server over plain Matrix HTTP, as any client does. */

export interface MatrixEvent {
  event_id: string;
  type: string;
  sender: string;
  state_key?: string;
  content: { body?: string };
}

interface JoinedRoom {
  state?: { events: MatrixEvent[] };
  timeline: { events: MatrixEvent[] };
}

interface SyncAnswer {
  next_batch: string;
  rooms?: { join?: Record<string, JoinedRoom> };
}

const WAIT_MS = 20_000;
let transactions = 0;

export class Member {
  readonly seen: (MatrixEvent & { room_id: string })[] = [];
  private since = '';

  private constructor(
    private readonly server: string,
    readonly id: string,
    private readonly token: string,
  ) {}

  static async register(server: string, username: string): Promise<Member> {
    const body = { username, password: 'member password of some length', auth: { type: 'm.login.dummy' } };
    const answer = await request(server, 'POST', '/_matrix/client/v3/register', body);
    return new Member(server, String(answer.json.user_id), String(answer.json.access_token));
  }

  /** Expects 200; the answer's JSON. */
  async call(method: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
    const answer = await this.try(method, path, body);
    if (answer.status !== 200)
      throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.json)}`);
    return answer.json;
  }

  try(method: string, path: string, body?: unknown): Promise<Answer> {
    return request(this.server, method, path, body, this.token);
  }

  async rename(name: string): Promise<void> {
    const path = `/_matrix/client/v3/profile/${encodeURIComponent(this.id)}/displayname`;
    await this.call('PUT', path, { displayname: name });
  }

  /** Opens a direct conversation; the other joins. */
  async open(other: Member): Promise<string> {
    const terms = { preset: 'trusted_private_chat', is_direct: true, invite: [other.id] };
    const room = String((await this.call('POST', '/_matrix/client/v3/createRoom', terms)).room_id);
    await other.call('POST', `/_matrix/client/v3/join/${encodeURIComponent(room)}`, {});
    return room;
  }

  send(room: string, body: string): Promise<Answer> {
    transactions += 1;
    const path = `/_matrix/client/v3/rooms/${encodeURIComponent(room)}/send/m.room.message/t${transactions}`;
    return this.try('PUT', path, { msgtype: 'm.text', body });
  }

  async sync(): Promise<void> {
    const query = this.since ? `?timeout=500&since=${encodeURIComponent(this.since)}` : '?timeout=0';
    const answer = (await this.call('GET', `/_matrix/client/v3/sync${query}`)) as unknown as SyncAnswer;
    this.since = answer.next_batch;
    for (const [room_id, room] of Object.entries(answer.rooms?.join ?? {})) {
      for (const event of room.timeline.events) this.seen.push({ ...event, room_id });
    }
  }

  has(body: string): boolean {
    return this.seen.some((event) => event.content.body?.includes(body));
  }

  /** Syncs until a message with this text has come; says whether it did. */
  async receives(body: string): Promise<boolean> {
    const end = Date.now() + WAIT_MS;
    while (!this.has(body) && Date.now() < end) await this.sync();
    return this.has(body);
  }
}

export interface Answer {
  status: number;
  json: Record<string, unknown>;
}

async function request(
  server: string,
  method: string,
  path: string,
  body?: unknown,
  token?: string,
): Promise<Answer> {
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  if (token) headers.authorization = `Bearer ${token}`;
  const response = await fetch(server + path, {
    method,
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return {
    status: response.status,
    json: (await response.json().catch(() => ({}))) as Record<string, unknown>,
  };
}
