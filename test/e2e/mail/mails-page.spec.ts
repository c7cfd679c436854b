import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { listen } from '@poc-tracker/http-service';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApp } from '../../../apps/auth-service/src/app.setup.js';
import { SignupService } from '../../../apps/auth-service/src/auth/signup/signup.service.js';
import { loadConfig } from '../../../apps/auth-service/src/config/app-config.js';
import { createDemoTenants } from '../../../tools/demo/demo-tenants.js';
import {
  prepareStandalone,
  type Standalone,
} from '../../../tools/standalone/standalone.environment.js';
import { startBrowser } from '../factors/browser.fixture.js';
import { GOOD_PASSWORD } from '../service.fixture.js';

/** Set it to keep pictures there, to look at them. */
const PICTURES = process.env['MAIL_PICTURES'];

const folder = mkdtempSync(join(tmpdir(), 'poc-tracker-mails-'));
let standalone: Standalone;
let app: NestFastifyApplication;
let browser: Browser;
let origin: (host: string) => string;

beforeAll(async () => {
  // Started by root, the database runs as another user, which has to reach its data.
  chmodSync(folder, 0o711);
  const settings = { DATA_DIR: join(folder, 'data'), PORT: '0', TRACKER_PORT: '0' };
  standalone = await prepareStandalone(settings, () => undefined);
  const config = loadConfig({ ...standalone.env, LOG_LEVEL: 'error' });
  app = await createApp(config);
  await listen(app, config.http);
  const { port } = new URL(await app.getUrl());
  origin = (host) => `http://${host}:${port}`;
  await createDemoTenants(app.get(SignupService));
  browser = await startBrowser();
}, 120_000);

afterAll(async () => {
  await browser?.close();
  await app?.close();
  await standalone?.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function keepPicture(page: Page, name: string): Promise<void> {
  if (PICTURES !== undefined) await page.screenshot({ path: join(PICTURES, `${name}.png`) });
}

/** Without a network: Node does not resolve names below localhost, as browsers do. */
async function post(path: string, payload: object): Promise<number> {
  const headers = { host: 'acme.localhost' };
  const url = `/api/v1/auth${path}`;
  return (await app.inject({ method: 'POST', url, headers, payload })).statusCode;
}

describe('The page of mails under npm start', () => {
  it('shows a mail whose link opens on this machine and does what it says', async () => {
    const email = 'admin@acme.example';
    expect(await post('/password/forgot', { email })).toBeLessThan(300);
    const page = await browser.newPage({ viewport: { width: 1_000, height: 800 } });
    const list = page.getByRole('row').filter({ hasText: email });
    const listed = async () => {
      await page.goto(`${origin('localhost')}/mails`);
      return list.count();
    };
    await expect.poll(listed, { timeout: 20_000, interval: 200 }).toBe(1);
    await keepPicture(page, 'mails-list');

    await list.getByRole('link').click();
    const button = page.frameLocator('iframe').getByRole('link').first();
    await button.waitFor();
    await keepPicture(page, 'mails-mail');
    const [opened] = await Promise.all([page.waitForEvent('popup'), button.click()]);
    await opened.getByRole('button').waitFor();
    expect(new URL(opened.url()).origin).toBe(origin('acme.localhost'));
    await keepPicture(opened, 'mails-opened');

    await opened.locator('input[type=password]').first().fill(GOOD_PASSWORD);
    await opened.getByRole('button').first().click();
    await opened.locator('form').waitFor({ state: 'hidden' });
    expect(await post('/login', { email, password: GOOD_PASSWORD })).toBe(200);
  }, 90_000);
});
