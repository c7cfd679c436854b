import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  definitionOf,
  KINDS_OF_MAIL,
  MAIL_LOCALES,
} from '../../../apps/auth-service/src/mail/templates/mail-kinds.js';
import {
  type MailData,
  MailRenderer,
} from '../../../apps/auth-service/src/mail/templates/mail-renderer.js';
import { sampleValues } from '../../../apps/auth-service/src/mail/templates/sample-mails.js';
import { startBrowser } from '../factors/browser.fixture.js';

/** A phone, and a window of a mail program. */
const WIDTHS = [360, 600];

/** Set it to keep the pictures of all mails there, to look at them. */
const PICTURES = process.env['MAIL_PICTURES'];

const MAILS = KINDS_OF_MAIL.flatMap((kind) =>
  MAIL_LOCALES.map((locale) => [kind, locale] as const),
);

const renderer = new MailRenderer();
let browser: Browser;
let page: Page;
const requests: string[] = [];

beforeAll(async () => {
  browser = await startBrowser();
  page = await browser.newPage({ colorScheme: 'light' });
  await page.route('**/*', async (route) => {
    requests.push(route.request().url());
    await route.abort();
  });
});

afterAll(async () => {
  await browser?.close();
});

type Variant = Pick<MailData, 'values' | 'tenant'> & { to: Omit<MailData['to'], 'locale'> };

/** As `cli mail preview` writes it. */
const usual = (kind: MailData['kind']): Variant => ({
  to: { email: 'ana@acme.example', name: 'Ana', timezone: 'America/Sao_Paulo' },
  values: sampleValues(kind),
  tenant: { name: 'Acme Ltda', color: '#2563eb' },
});

/** The longest values that the service stores, without a place to break a line. */
const longest = (kind: MailData['kind']): Variant => ({
  to: {
    email: `${'a'.repeat(64)}@${'b'.repeat(60)}.${'c'.repeat(60)}.${'d'.repeat(60)}.example`,
    name: 'W'.repeat(100),
    timezone: 'America/Argentina/ComodRivadavia',
  },
  values: Object.fromEntries(
    Object.entries(definitionOf(kind).values).map(([name, type]) => {
      if (type === 'link') return [name, `https://${'x'.repeat(60)}.example/${'y'.repeat(1_900)}`];
      if (type === 'text') return [name, 'W'.repeat(500)];
      return [name, sampleValues(kind)[name] ?? ''];
    }),
  ),
  tenant: { name: 'W'.repeat(200), color: '#f5f5f5' },
});

async function show(kind: MailData['kind'], locale: string, variant: Variant): Promise<void> {
  const { to, ...rest } = variant;
  const { html } = renderer.render({ kind, to: { ...to, locale }, ...rest });
  await page.setContent(html, { waitUntil: 'load' });
}

/** The widest point that the reader would have to scroll to. */
const contentWidth = (): Promise<number> =>
  page.evaluate<number>('document.documentElement.scrollWidth');

async function keepPicture(name: string): Promise<void> {
  if (PICTURES === undefined) return;
  mkdirSync(PICTURES, { recursive: true });
  await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true });
}

describe('A mail in a browser', () => {
  it.each(MAILS)(
    'is not wider than its window and loads nothing: %s in %s',
    async (kind, locale) => {
      for (const width of WIDTHS) {
        await page.setViewportSize({ width, height: 640 });
        for (const [name, variant] of Object.entries({ usual, longest })) {
          await show(kind, locale, variant(kind));
          expect(await contentWidth(), `${name} at ${width} px`).toBeLessThanOrEqual(width);
          await keepPicture(`${name}-${width}-${kind}-${locale}`);
        }
      }
      expect(requests).toEqual([]);
    },
  );
});
