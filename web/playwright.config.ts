import { defineConfig } from '@playwright/test';

/** Two suites: `ui` needs only the built pages (a stub answers), `server` the real binary in FRANKLY_BIN. */
export default defineConfig({
  testDir: 'e2e',
  outputDir: 'e2e/.results',
  workers: 1,
  forbidOnly: Boolean(process.env.CI),
  reporter: [['list']],
  timeout: 60_000,
  expect: { timeout: 10_000 },
  use: {
    browserName: 'chromium',
    headless: true,
    trace: 'retain-on-failure',
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      args: [
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        '--no-first-run',
      ],
    },
  },
  projects: [
    { name: 'ui', testMatch: 'ui.spec.ts' },
    { name: 'server', testMatch: 'console.spec.ts' },
  ],
});
