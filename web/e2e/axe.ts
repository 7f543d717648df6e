import { createRequire } from 'node:module';
import { expect, type Page } from '@playwright/test';
import type axe from 'axe-core';
import type { AxeResults } from 'axe-core';

const SOURCE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

declare const window: { axe: typeof axe };

/** Expects no finding of axe that is serious or critical on the page as it is shown now. */
export async function expectAccessible(page: Page, name: string): Promise<void> {
  // Evaluated, not added as a script element: the pages' content policy stays as it is.
  const { readFile } = await import('node:fs/promises');
  await page.evaluate(await readFile(SOURCE, 'utf8'));
  const results: AxeResults = await page.evaluate(() => window.axe.run({ resultTypes: ['violations'] }));
  const found = results.violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => ({ id, at: nodes.map((node) => [node.target.join(' '), node.failureSummary]) }));
  expect(found, `accessibility of ${name}`).toEqual([]);
}
