import { expect, type Page, test } from '@playwright/test';
import { expectAccessible } from './axe.ts';
import { BODY } from './fixtures.ts';
import { Mock } from './mock.ts';

let mock: Mock;
/** What the browser said that it should not: script errors and refusals of the content policy. */
let complaints: string[];

test.beforeEach(async ({ page }) => {
  mock = new Mock();
  await mock.start();
  complaints = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (/Content Security Policy|Uncaught/.test(message.text())) complaints.push(message.text());
  });
});

test.afterEach(() => {
  mock.stop();
  expect(complaints).toEqual([]);
});

async function signIn(page: Page): Promise<void> {
  await page.goto(mock.url);
  await page.getByLabel('User').fill('rae');
  await page.getByLabel('Password').fill('right');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('heading', { name: 'Queue', level: 1 })).toBeVisible();
}

async function openCase(page: Page, id: number): Promise<void> {
  await signIn(page);
  await page.goto(`${mock.url}#/case/${id}`);
  await expect(page.getByRole('heading', { name: 'Evidence' })).toBeVisible();
}

async function reveal(page: Page): Promise<void> {
  await page.keyboard.press('c');
  await expect(page.getByText('Claimed by you')).toBeVisible();
  await page.keyboard.press('r');
  await page.getByLabel('Why do you need to read this?').fill('Check the flagged message');
  await page.getByRole('button', { name: 'Record and reveal' }).click();
  await expect(page.getByTestId('access-note')).toContainText('access record #41');
}

test('a wrong password is said, a right one opens the queue', async ({ page }) => {
  await page.goto(mock.url);
  await expectAccessible(page, 'login');
  await page.getByLabel('User').fill('rae');
  await page.getByLabel('Password').fill('wrong');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('alert')).toContainText('The name or the password is wrong.');
  await page.getByLabel('Password').fill('right');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'Queue' })).toBeVisible();
  expect(mock.calls.filter((call) => call.method === 'POST').every((call) => call.guarded)).toBe(true);
});

test('the queue puts the most urgent first and moves by keys', async ({ page }) => {
  await signIn(page);
  const links = page.locator('a[data-case]');
  await expect(links).toHaveText(['Child safety: grooming', 'Violence: threat']);
  await expect(page.getByText('1 min over')).toBeVisible();
  await expectAccessible(page, 'queue');
  await page.keyboard.press('j');
  await page.keyboard.press('j');
  await expect(links.nth(1)).toBeFocused();
  await page.keyboard.press('k');
  await expect(links.nth(0)).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'Child safety: grooming' })).toBeVisible();
});

test('filters ask the server, and say when nothing fits', async ({ page }) => {
  await signIn(page);
  await page.locator('label', { hasText: 'Claimed' }).click();
  await expect(page.locator('a[data-case]')).toHaveText(['Reported message']);
  await page.getByLabel('Mine').check();
  await expect(page.getByText('No case fits these filters.')).toBeVisible();
  await page.locator('label', { hasText: 'Decided' }).click();
  await expect(page.getByText(/Nothing waits here/)).toBeVisible();
});

test('a new case arrives by itself and is announced', async ({ page }) => {
  mock.cases = [];
  await signIn(page);
  await expect(page.getByText(/Nothing waits here/)).toBeVisible();
  await expect(page.getByText('Live', { exact: true })).toBeVisible();
  const fresh = new Mock().cases[0];
  if (fresh) mock.cases.push(fresh);
  mock.send('case', { case_id: 17, kind: 'opened', priority: 'P1', queue: 'safety' });
  await expect(page.getByTestId('news')).toHaveText('New case: P1, serious, queue safety.');
  await expect(page.locator('a[data-case="17"]')).toBeVisible();
});

test('no message is in the page before a reveal, and none after hiding it', async ({ page }) => {
  await openCase(page, 17);
  await expect(page.getByTestId('closed')).toContainText('Claim the case to read its messages.');
  await expect(page.getByRole('button', { name: /Reveal/ })).toHaveCount(0);
  await expectAccessible(page, 'an open case');
  await page.getByRole('button', { name: /^Claim/ }).click();
  await page.getByRole('button', { name: /Reveal/ }).click();
  await expectAccessible(page, 'the reveal form');
  await expect(page.getByRole('button', { name: 'Record and reveal' })).toBeDisabled();
  await page.getByRole('button', { name: 'Check a report' }).click();
  expect(await page.content()).not.toContain('find you');
  await page.getByRole('button', { name: 'Record and reveal' }).click();
  await expect(page.getByText(BODY)).toBeVisible();
  await expect(page.getByTestId('read')).toContainText('Access record #41');
  expect(mock.calls.find((call) => call.path.endsWith('/reveal'))?.body).toEqual({
    reason: 'Check a report',
    window: 5,
  });
  await expectAccessible(page, 'a revealed case');
  await page.keyboard.press('h');
  await expect(page.getByTestId('closed')).toBeVisible();
  expect(await page.content()).not.toContain('find you');
});

test('hits are marked by characters, and the message of the case is in view', async ({ page }) => {
  await openCase(page, 17);
  await reveal(page);
  await expect(page.locator('mark')).toHaveText(['I will find you']);
  await expect(page.locator('[data-anchor]')).toBeInViewport();
});

test('a case is decided by keys alone', async ({ page }) => {
  await openCase(page, 17);
  await reveal(page);
  await page.keyboard.press('3');
  await expect(page.getByRole('button', { name: /^Confirm/ })).toHaveCount(0);
  await page.keyboard.press('1');
  await expect(page.getByText('The message is delivered to everyone in the conversation.')).toBeVisible();
  await page.getByLabel('Text to the sender').fill('All good.');
  await page.keyboard.press('Control+Enter');
  await expect(page.getByTestId('decision')).toContainText('Release');
  expect(mock.calls.find((call) => call.path.endsWith('/decide'))?.body).toEqual({
    outcome: 'release',
    note: '',
    tell_sender: 'All good.',
  });
  expect(await page.content()).not.toContain('find you');
  await expectAccessible(page, 'a decided case');
  await page.keyboard.press('n');
  await expect(page.getByRole('heading', { name: 'Child safety: grooming' })).toBeVisible();
});

test('a case that another holds cannot be claimed or read', async ({ page }) => {
  await openCase(page, 17);
  const taken = mock.cases[0];
  if (taken) Object.assign(taken, { state: 'claimed', claimed_by: '@sam:frankly.test', allowed: [] });
  await page.keyboard.press('c');
  await expect(page.getByRole('alert')).toContainText('Another reviewer holds this case.');
  await expect(page.getByText('Claimed by @sam:frankly.test')).toBeVisible();
  await expect(page.getByTestId('closed')).toContainText('Only who claimed the case can read its messages.');
});

test('an ended session asks to sign in, and goes on at the same place', async ({ page }) => {
  await openCase(page, 17);
  mock.signedIn = false;
  await page.keyboard.press('c');
  await expect(page.getByText('Your session has ended. Sign in to go on where you were.')).toBeVisible();
  await page.getByLabel('User').fill('rae');
  await page.getByLabel('Password').fill('right');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('heading', { name: 'Violence: threat' })).toBeVisible();
});

test('a failing server is said, and asking again helps', async ({ page }) => {
  mock.broken.add('/cases');
  await signIn(page);
  await expect(page.getByRole('alert')).toContainText('Something broke on the server.');
  await expectAccessible(page, 'a failure');
  mock.broken.clear();
  await page.getByRole('button', { name: 'Try again' }).click();
  await expect(page.locator('a[data-case]')).toHaveCount(2);
});

test('an unknown case says so', async ({ page }) => {
  await signIn(page);
  await page.goto(`${mock.url}#/case/999`);
  await expect(page.getByRole('alert')).toContainText('There is no such case.');
  await page.goto(`${mock.url}#/nowhere`);
  await expect(page.getByRole('heading', { name: 'There is no such page' })).toBeVisible();
});

test('a failed delivery is sent again', async ({ page }) => {
  await signIn(page);
  await page.getByRole('link', { name: 'Webhooks' }).click();
  await expect(page.getByRole('cell', { name: '503' })).toBeVisible();
  await expectAccessible(page, 'webhooks');
  await page.getByRole('button', { name: 'Replay delivery msg_1' }).click();
  await expect(page.getByText('Delivery msg_1 will be sent again.')).toBeVisible();
  await expect(page.getByText('No failed deliveries.')).toBeVisible();
});

test('who administers sees no queue', async ({ page }) => {
  mock.staff.roles = ['tenant_admin'];
  await page.goto(mock.url);
  await page.getByLabel('User').fill('rae');
  await page.getByLabel('Password').fill('right');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('heading', { name: 'Webhooks' })).toBeVisible();
  await expect(page.getByRole('link', { name: 'Queue' })).toHaveCount(0);
  expect(mock.calls.some((call) => call.path === '/cases' || call.path === '/events')).toBe(false);
});

test('the access log lists reads', async ({ page }) => {
  await openCase(page, 17);
  await reveal(page);
  await page.getByRole('link', { name: 'Access log' }).click();
  await expect(page.getByRole('cell', { name: 'Check the flagged message' })).toBeVisible();
  await expectAccessible(page, 'access log');
});

test('the key sheet opens, and can switch single keys off', async ({ page }) => {
  await openCase(page, 17);
  await page.keyboard.press('?');
  await expect(page.getByRole('dialog')).toBeVisible();
  await expectAccessible(page, 'keys');
  await page.getByRole('checkbox').uncheck();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toBeHidden();
  await page.keyboard.press('c');
  await page.waitForTimeout(200);
  expect(mock.calls.some((call) => call.path.endsWith('/claim'))).toBe(false);
});

for (const scheme of ['light', 'dark'] as const) {
  for (const width of [320, 768, 1440]) {
    test(`everything fits ${width} pixels, ${scheme}`, async ({ page }) => {
      await page.setViewportSize({ width, height: 900 });
      await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
      await openCase(page, 17);
      await reveal(page);
      for (const at of ['case/17', 'queue', 'access', 'webhooks']) {
        await page.goto(`${mock.url}#/${at}`);
        await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        expect(overflow, `${at} must not scroll sideways`).toBeLessThanOrEqual(0);
        await expectAccessible(page, `${at}, ${width}, ${scheme}`);
      }
    });
  }
}
