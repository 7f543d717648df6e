/** A real server of its own for one run of tests: a free port, a fresh folder, a staff account. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const START_MS = 60_000;
const STOP_MS = 15_000;
const LOG_CHARS = 3_000;

export const REVIEWER = { user: 'rae', password: 'a long enough password' };

export class FranklyServer {
  url = '';
  private child: ChildProcess | null = null;
  private readonly data = mkdtempSync(join(tmpdir(), 'frankly-console-'));
  private readonly log = join(this.data, 'server.log');

  /** `bin` is the path of the binary. */
  constructor(private readonly bin: string) {}

  async start(): Promise<void> {
    const port = await freePort();
    const data = join(this.data, 'data');
    const out = openSync(this.log, 'w');
    const args = ['serve', '--dev', '--data', data, '--listen', `127.0.0.1:${port}`];
    this.child = spawn(resolve(this.bin), args, { stdio: ['ignore', out, out] });
    this.url = `http://127.0.0.1:${port}`;
    await this.ready();
    const { user, password } = REVIEWER;
    const add = [
      'user',
      'add',
      user,
      '--password',
      password,
      '--role',
      'senior_reviewer',
      '--display-name',
      'Rae',
      '--data',
      data,
    ];
    execFileSync(resolve(this.bin), add, { stdio: 'pipe' });
  }

  async stop(): Promise<void> {
    const child = this.child;
    if (child && child.exitCode === null) {
      const ended = new Promise((done) => child.once('exit', done));
      child.kill('SIGTERM');
      const killing = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
      await ended;
      clearTimeout(killing);
    }
    rmSync(this.data, { recursive: true, force: true });
  }

  private async ready(): Promise<void> {
    const end = Date.now() + START_MS;
    while (Date.now() < end) {
      const ended = this.child?.exitCode ?? null;
      if (ended !== null) throw new Error(`the server ended with ${ended}:\n${this.tail()}`);
      const answer = await fetch(`${this.url}/readyz`).catch(() => null);
      if (answer?.ok) return;
      await new Promise((done) => setTimeout(done, 100));
    }
    throw new Error(`the server did not answer in time:\n${this.tail()}`);
  }

  private tail(): string {
    return readFileSync(this.log, 'utf8').slice(-LOG_CHARS);
  }
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((done) => probe.listen(0, '127.0.0.1', done));
  const { port } = probe.address() as AddressInfo;
  await new Promise((done) => probe.close(done));
  return port;
}
