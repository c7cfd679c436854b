import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fastify, { type FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FileTransport } from '../transports/file-transport.js';
import { registerMailPage } from './mail-page.js';

const ID = '0192f0c1-8c2b-7a10-b1c2-d3e4f5061728';
const FILE = `20261130T173000000Z-${ID}.eml`;
const folder = mkdtempSync(join(tmpdir(), 'poc-tracker-page-'));
let app: FastifyInstance;

beforeAll(async () => {
  await new FileTransport(folder).send({
    messageId: `<${ID}.${ID}@poctracker.com>`,
    date: new Date('2026-11-30T17:30:00Z'),
    from: { name: 'Acme', address: 'no-reply@poctracker.com' },
    replyTo: undefined,
    to: 'ana@acme.example',
    subject: 'Hello <script>alert(1)</script>',
    text: 'Your code is 123456 <b>',
    html: '<p>Your code is 123456</p><script>alert(1)</script>',
  });
  app = fastify();
  registerMailPage(app, folder);
  await app.ready();
});

afterAll(async () => {
  await app.close();
  rmSync(folder, { recursive: true });
});

const get = (
  url: string,
  options: { headers?: Record<string, string>; remoteAddress?: string } = {},
) => app.inject({ url, headers: { host: 'localhost:3000' }, ...options });

describe('The page of mails', () => {
  it('lists mails, and shows one with its text escaped and its HTML in a sandboxed frame', async () => {
    expect((await get('/mails')).payload).toContain(`/mails/${FILE}`);
    const { payload, headers } = await get(`/mails/${FILE}`);
    expect(payload).toContain('123456 &lt;b&gt;');
    expect(payload).not.toContain('<script>');
    expect(payload).toMatch(/<iframe sandbox="[a-z -]*"/);
    expect(payload).not.toMatch(/allow-(scripts|same-origin)/);
    expect(headers['content-security-policy']).toContain("default-src 'none'");
  });

  it('lets the HTML of a mail run no script, also if it is opened by itself', async () => {
    const { payload, headers } = await get(`/mails/${FILE}/html`);
    expect(payload).toContain('123456');
    expect(headers['content-security-policy']).toMatch(/^sandbox /);
    expect(headers['content-security-policy']).not.toMatch(
      /allow-(scripts|same-origin)|script-src/,
    );
  });

  it.each([
    ['from another machine', { remoteAddress: '192.0.2.7' }],
    ['through a proxy', { headers: { host: 'localhost', 'x-forwarded-for': '127.0.0.1' } }],
    ['through a proxy that names itself', { headers: { host: 'localhost', via: '1.1 proxy' } }],
    ['by the name of a website that leads here', { headers: { host: 'evil.example' } }],
  ])('is not found %s', async (_how, options) => {
    for (const url of ['/mails', `/mails/${FILE}`, `/mails/${FILE}/html`])
      expect((await get(url, options)).statusCode).toBe(404);
  });

  it.each(['..%2f..%2fetc%2fpasswd', 'x.eml', `${FILE}%00`])(
    'reads no other file: %s',
    async (name) => {
      expect((await get(`/mails/${name}`)).statusCode).toBe(404);
    },
  );
});
