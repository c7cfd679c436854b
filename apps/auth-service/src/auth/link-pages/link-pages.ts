import { type Locale, LOCALES } from '@poc-tracker/contracts';
import { acceptedLocale, escapeHtml } from '@poc-tracker/http-service';
import type { FastifyInstance } from 'fastify';
import { PAGE_SCRIPT, PAGE_STYLE } from './page-assets.js';
import {
  AUTOCOMPLETE,
  definitionOf,
  type FieldName,
  PAGE_NAMES,
  type PageName,
} from './page-definitions.js';
import { TEXTS } from './page-texts.js';

/** The page runs its script and calls the API, and nothing else: no inline script, style, image, frame or form. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const SCRIPT_PATH = '/link-pages/page.js';
const STYLE_PATH = '/link-pages/page.css';

/**
 * Serves the pages that links in mails open, for tenants without an app at PUBLIC_URL that has them. They are the same for every
 * tenant and token: a page reads the token from the fragment, which the server does not get, so that a GET request uses up
 * nothing. Texts of a few kilobytes from memory, without a look-up.
 */
export function registerLinkPages(fastify: FastifyInstance): void {
  for (const name of PAGE_NAMES) {
    const pages = new Map(LOCALES.map((locale) => [locale, renderPage(name, locale)]));
    fastify.get(`/${name}`, (request, reply) => {
      const locale = preferredLocale(request.headers['accept-language']);
      void reply
        .header('content-security-policy', CONTENT_SECURITY_POLICY)
        .header('content-language', locale)
        .header('vary', 'accept-language')
        .type('text/html; charset=utf-8')
        .send(pages.get(locale));
    });
  }
  fastify.get(SCRIPT_PATH, (_request, reply) => {
    void reply.type('text/javascript; charset=utf-8').send(PAGE_SCRIPT);
  });
  fastify.get(STYLE_PATH, (_request, reply) => {
    void reply.type('text/css; charset=utf-8').send(PAGE_STYLE);
  });
}

/** The language of a page. Portuguese if the header names neither. */
export function preferredLocale(header?: string): Locale {
  return acceptedLocale(header) ?? LOCALES[0];
}

function renderPage(name: PageName, locale: Locale): string {
  const { pages, fields, errors, noToken, pending, noScript } = TEXTS[locale];
  const { title, intro, button, done } = pages[name];
  const { action, token, fields: names } = definitionOf(name);
  const messages = Object.entries({ ...errors, 'no-token': noToken, pending, done });
  const data = messages.map(([key, text]) => `data-${key}="${escapeHtml(text)}"`).join(' ');
  const field = (input: FieldName): string => `
        <label for="${input}">${escapeHtml(fields[name === 'accept-invitation' && input === 'password' ? 'newPassword' : input])}</label>
        <input id="${input}" name="${input}" type="${typeOf(input)}" autocomplete="${autocompleteOf(name, input)}" required>`;
  return `<!doctype html>
<html lang="${locale}">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="robots" content="noindex">
    <title>${escapeHtml(title)}</title>
    <link rel="stylesheet" href="${STYLE_PATH}">
    <script src="${SCRIPT_PATH}" defer></script>
  </head>
  <body>
    <main>
      <h1>${escapeHtml(title)}</h1>
      <noscript><p>${escapeHtml(noScript)}</p></noscript>
      <form hidden data-action="${action}" data-token="${token ?? ''}" data-without-token="${
        name === 'reset-password' ? '/forgot-password' : ''
      }">
        <p>${escapeHtml(intro)}</p>${names.map(field).join('')}
        <button type="submit">${escapeHtml(button)}</button>
      </form>
      <p role="status" tabindex="-1" ${data}></p>
    </main>
  </body>
</html>
`;
}

function typeOf(field: FieldName): string {
  if (field === 'email') return 'email';
  return field === 'password' || field === 'newPassword' ? 'password' : 'text';
}

/** The password of a new account is a new one. */
function autocompleteOf(page: PageName, field: FieldName): string {
  return page === 'accept-invitation' && field === 'password'
    ? AUTOCOMPLETE.newPassword
    : AUTOCOMPLETE[field];
}
