import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { preferredLocale } from '../../../apps/auth-service/src/auth/link-pages/link-pages.js';
import { PAGE_NAMES } from '../../../apps/auth-service/src/auth/link-pages/page-definitions.js';
import { TEXTS } from '../../../apps/auth-service/src/auth/link-pages/page-texts.js';
import { type AccountScene, accountScene } from './account.fixture.js';

let scene: AccountScene;

beforeAll(async () => {
  scene = await accountScene();
});

afterAll(() => scene?.service.stop());

const get = (url: string, language = 'en-US') =>
  scene.service.app.inject({
    method: 'GET',
    url,
    headers: { host: scene.tenant.host, 'accept-language': language },
  });

describe('The page of a link', () => {
  it.each(PAGE_NAMES)('is served in both languages with a strict policy: %s', async (name) => {
    for (const [language, locale] of [
      ['pt', 'pt-BR'],
      ['en-GB,en;q=0.8', 'en-US'],
    ] as const) {
      const { statusCode, headers, payload } = await get(`/${name}`, language);
      expect(statusCode).toBe(200);
      expect(headers['content-type']).toBe('text/html; charset=utf-8');
      expect(headers['content-security-policy']).toContain("script-src 'self';");
      expect(headers['content-security-policy']).not.toContain('unsafe');
      expect(headers['referrer-policy']).toBe('no-referrer');
      expect(payload).toContain(`<html lang="${locale}">`);
      expect(payload).toContain(`<h1>${TEXTS[locale].pages[name].title}</h1>`);
      expect(payload).not.toMatch(/<style|<script>| on\w+=/);
    }
  });

  it('calls only routes that exist', async () => {
    for (const name of PAGE_NAMES) {
      const { payload } = await get(`/${name}`);
      const path = /data-action="\/api\/v1([^"]+)"/.exec(payload)?.[1] ?? '';
      const answer = await scene.post(path, {});
      expect(answer).toMatchObject({ status: 400, error: { code: 'VALIDATION_ERROR' } });
    }
  });

  it('has its script and style from the service', async () => {
    expect((await get('/link-pages/page.js')).headers['content-type']).toContain('text/javascript');
    expect((await get('/link-pages/page.css')).headers['content-type']).toContain('text/css');
  });
});

describe('The language of a page', () => {
  it.each([
    [undefined, 'pt-BR'],
    ['', 'pt-BR'],
    ['fr', 'pt-BR'],
    ['en', 'en-US'],
    ['fr, en;q=0.5, pt;q=0.9', 'pt-BR'],
    ['pt;q=0, en', 'en-US'],
    [`${'x,'.repeat(10_000)}en`, 'pt-BR'],
  ])('of %j is %s', (header, locale) => {
    expect(preferredLocale(header)).toBe(locale);
  });
});
