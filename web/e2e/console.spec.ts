/** The whole way through a real server: write, withhold, review, and what both people see. */
import { mkdirSync } from 'node:fs';
import { expect, type Page, test } from '@playwright/test';
import { expectAccessible } from './axe.ts';
import { expectedFields, PAIRS, promisedFields, type Schemas } from './contract.ts';
import { Member } from './member.ts';
import { FranklyServer, REVIEWER } from './server.ts';

/** Texts that rules of the built-in packs withhold (`th-001`) and block (`sh-001`). */
const WITHHELD = 'I will kill you if you are late for practice again';
const BLOCKED = 'just kill yourself already';
const IMAGES = new URL('../../docs/images/', import.meta.url).pathname;

test.describe.configure({ mode: 'serial' });

let server: FranklyServer;
let ana: Member;
let ben: Member;
let room: string;

test.beforeAll(async () => {
  test.setTimeout(120_000);
  const bin = process.env.FRANKLY_BIN;
  if (!bin) throw new Error('FRANKLY_BIN must be the path of the frankly binary');
  server = new FranklyServer(bin);
  await server.start();
  [ana, ben] = [await Member.register(server.url, 'ana'), await Member.register(server.url, 'ben')];
  await ana.rename('Ana');
  await ben.rename('Ben');
  room = await ana.open(ben);
});

test.afterAll(async () => {
  await server?.stop();
});

async function signIn(page: Page): Promise<void> {
  await page.goto(`${server.url}/_frankly/console/`);
  await page.getByLabel('User').fill(REVIEWER.user);
  await page.getByLabel('Password').fill(REVIEWER.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('heading', { name: 'Queue', level: 1 })).toBeVisible();
  await expect(page.getByText('Live', { exact: true })).toBeVisible();
}

/** Collects every answer of the server that the browser gets. */
function answers(page: Page): string[] {
  const texts: string[] = [];
  page.on('response', async (response) => {
    if (!response.url().includes('/_frankly/v1/') || response.url().endsWith('/events')) return;
    texts.push(await response.text().catch(() => ''));
  });
  return texts;
}

async function openAndClaim(page: Page): Promise<void> {
  await page.locator('a[data-case]').first().click();
  await page.getByRole('button', { name: /^Claim/ }).click();
  await expect(page.getByText('Claimed by you')).toBeVisible();
}

async function reveal(page: Page, reason: string): Promise<void> {
  await page.keyboard.press('r');
  await page.getByLabel('Why do you need to read this?').fill(reason);
  await page.getByRole('button', { name: 'Record and reveal' }).click();
  await expect(page.getByTestId('access-note')).toContainText('access record #');
}

async function picture(page: Page, name: string): Promise<void> {
  if (process.env.UPDATE_SCREENSHOTS !== '1') return;
  mkdirSync(IMAGES, { recursive: true });
  await page.screenshot({ path: `${IMAGES}${name}.png` });
}

test('a withheld message: live case, claim, reveal, release, both are told', async ({ page }) => {
  await page.setViewportSize({ width: 1440, height: 900 });
  const texts = answers(page);
  for (const [who, body] of [
    [ben, 'Did you forget again? We waited half an hour'],
    [ana, 'Sorry!! The bus did not come'],
    [ben, 'You said that last week'],
    [ana, 'I know, I will take the early one'],
  ] as const) {
    expect((await who.send(room, body)).status).toBe(200);
  }
  await signIn(page);
  expect((await ben.send(room, WITHHELD)).status, 'a withheld message is accepted').toBe(200);

  await expect(page.locator('a[data-case]')).toHaveCount(1);
  await expect(page.getByTestId('news')).toContainText('New case');
  await ana.sync();
  expect(ana.has(WITHHELD), 'the recipient must not have it yet').toBe(false);
  await expectAccessible(page, 'queue');
  await picture(page, 'console-queue');

  await openAndClaim(page);
  await expectAccessible(page, 'a claimed case');
  expect(await page.content()).not.toContain(WITHHELD);
  expect(
    texts.filter((text) => text.includes(WITHHELD)),
    'no body before the reveal',
  ).toEqual([]);

  await reveal(page, 'Check the withheld message in its context');
  await expect(page.getByText(WITHHELD)).toBeVisible();
  await expect(page.locator('mark')).toHaveText(['I will kill you']);
  await expect(page.getByText('I know, I will take the early one')).toBeVisible();
  await expectAccessible(page, 'a revealed case');
  await page.keyboard.press('1');
  await page.getByLabel('Note for the team').fill('A figure of speech between team mates');
  await picture(page, 'console-case');
  await page.getByLabel('Text to the sender').fill('Please mind your words.');
  await page.keyboard.press('Control+Enter');
  await expect(page.getByTestId('decision')).toContainText('Release');
  expect(await page.content()).not.toContain(WITHHELD);

  expect(await ana.receives(WITHHELD), 'the recipient gets it after the release').toBe(true);
  expect(await ben.receives('Please mind your words.'), 'the sender is told').toBe(true);
  const notice = ben.seen.find((event) => event.content.body?.includes('Please mind your words.'));
  expect(notice?.room_id).not.toBe(room);
  expect(notice?.sender).not.toBe(ana.id);

  await page.getByRole('link', { name: 'Access log' }).click();
  await expect(page.getByRole('cell', { name: 'Check the withheld message in its context' })).toBeVisible();
  await expectAccessible(page, 'access log');
  const own = (await ana.call('GET', '/_frankly/v1/access')) as { records: unknown[] };
  expect(own.records.length, 'the member sees that it was read').toBeGreaterThan(0);
});

test('a blocked message: the sender is suspended and cannot write', async ({ page }) => {
  const refused = await ben.send(room, BLOCKED);
  expect(refused.status).toBe(403);
  await signIn(page);
  await openAndClaim(page);
  await reveal(page, 'Check a threat');
  await expect(page.getByText(BLOCKED)).toBeVisible();
  await expect(page.getByRole('button', { name: /^Release/ })).toBeDisabled();
  await page.keyboard.press('5');
  await page.getByLabel('Text to the sender').fill('You threatened somebody.');
  await page.getByRole('button', { name: /^Confirm: Suspend/ }).click();
  await expect(page.getByTestId('decision')).toContainText('Suspend');
  await expect(page.getByText('Suspended', { exact: true })).toBeVisible();

  expect(await ben.receives('You threatened somebody.')).toBe(true);
  const after = await ben.send(room, 'hello');
  expect([after.status, after.json.errcode]).toEqual([403, 'M_USER_SUSPENDED']);
  expect(ana.has(BLOCKED)).toBe(false);
});

test('a report: the reviewer reads why, the reporter sees that it was answered', async ({ page }) => {
  const said = ben.seen.concat(ana.seen).find((event) => event.content.body === 'You said that last week');
  const path = `/_matrix/client/v3/rooms/${encodeURIComponent(room)}/report/${encodeURIComponent(said?.event_id ?? '')}`;
  await ana.call('POST', path, { reason: 'He keeps bringing this up' });
  await signIn(page);
  await openAndClaim(page);
  await expect(page.getByText('He keeps bringing this up')).toBeVisible();
  await page.keyboard.press('7');
  await page.getByRole('button', { name: /^Confirm: Dismiss/ }).click();
  await expect(page.getByTestId('decision')).toContainText('Dismiss');
  const own = (await ana.call('GET', '/_frankly/v1/reports')) as { reports: { state: string }[] };
  expect(own.reports.map((report) => report.state)).toEqual(['answered']);
});

test('the pages expect the fields that the server promises', async ({ request }) => {
  const answer = await request.get(`${server.url}/_frankly/v1/openapi.json`);
  const schemas = ((await answer.json()) as { components: { schemas: Schemas } }).components.schemas;
  const expected = expectedFields();
  for (const [type, schema] of PAIRS) {
    expect(promisedFields(schemas, schema), `${type} and ${schema}`).toEqual(expected.get(type));
  }
});

test('webhooks and logging out', async ({ page }) => {
  await signIn(page);
  await page.getByRole('link', { name: 'Webhooks' }).click();
  await expect(page.getByText('No failed deliveries.')).toBeVisible();
  await expectAccessible(page, 'webhooks');
  await page.getByRole('button', { name: 'Log out' }).click();
  await expect(page.getByLabel('Password')).toBeVisible();
  await page.reload();
  await expect(page.getByLabel('Password')).toBeVisible();
});
