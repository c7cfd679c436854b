import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { MAIL_FILE, pageOf } from '../transports/file-transport.js';

/** No script runs, nothing is loaded from elsewhere, and the page is in no frame of another. */
const PAGE_POLICY = [
  "default-src 'none'",
  "style-src 'unsafe-inline'",
  "frame-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Of an HTML mail: the same, in a sandbox with an origin of its own. Its links open in new windows. */
const MAIL_POLICY = [
  'sandbox allow-popups allow-popups-to-escape-sandbox',
  "default-src 'none'",
  "style-src 'unsafe-inline'",
  "frame-ancestors 'self'",
].join('; ');

/** The latest mails that the list shows. */
const LISTED = 100;

const LOOPBACK = ['127.0.0.1', '::1', '::ffff:127.0.0.1'];
const LOCAL_HOST = /^(localhost|[a-z0-9-]+\.localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/i;
const PROXY_HEADERS = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'via'];

/**
 * Serves `GET /mails`: the mails that are files, for development. Anyone who reads them can log in as their readers, so only
 * a browser on the same machine gets them: the peer is a loopback address, no proxy has forwarded the request, and the
 * host is a local name, because the page of a website could resolve its own name to this machine (DNS rebinding).
 */
export function registerMailPage(fastify: Pick<FastifyInstance, 'get'>, directory: string): void {
  fastify.get('/mails', (request, reply) =>
    locally(request, reply, async () => listPage(await mailFiles(directory))),
  );
  fastify.get<{ Params: { file: string } }>('/mails/:file', (request, reply) =>
    locally(request, reply, () => mailPage(directory, request.params.file)),
  );
  fastify.get<{ Params: { file: string } }>('/mails/:file/html', (request, reply) =>
    locally(
      request,
      reply,
      async () => (await readMail(directory, request.params.file))?.html,
      MAIL_POLICY,
    ),
  );
}

async function locally(
  request: FastifyRequest,
  reply: FastifyReply,
  page: () => Promise<string | undefined>,
  policy = PAGE_POLICY,
): Promise<FastifyReply> {
  const html = isLocal(request) ? await page() : undefined;
  if (html === undefined) return reply.callNotFound() as unknown as FastifyReply;
  return reply
    .header('content-security-policy', policy)
    .header('x-frame-options', policy === MAIL_POLICY ? 'SAMEORIGIN' : 'DENY')
    .type('text/html; charset=utf-8')
    .send(html);
}

function isLocal({ raw, headers }: FastifyRequest): boolean {
  return (
    LOOPBACK.includes(raw.socket.remoteAddress ?? '') &&
    PROXY_HEADERS.every((name) => headers[name] === undefined) &&
    LOCAL_HOST.test(headers.host ?? '')
  );
}

/** The names of the files, the latest first. */
async function mailFiles(directory: string): Promise<string[]> {
  const names = await readdir(directory).catch(() => []);
  return names
    .filter((name) => MAIL_FILE.test(name))
    .sort()
    .reverse()
    .slice(0, LISTED);
}

async function listPage(files: readonly string[]): Promise<string> {
  const rows = files.map((file) => `<li><a href="/mails/${file}">${file.slice(0, 20)}</a></li>`);
  return page('Mails', `<ul>${rows.join('\n') || '<li>There are no mails yet.</li>'}</ul>`);
}

async function mailPage(directory: string, file: string): Promise<string | undefined> {
  const mail = await readMail(directory, file);
  if (mail === undefined) return undefined;
  return page(
    mail.subject,
    `<p><a href="/mails">All mails</a></p><p>To: ${escape(mail.to)}</p>
<iframe sandbox="allow-popups allow-popups-to-escape-sandbox" src="/mails/${file}/html"></iframe>
<pre>${escape(mail.text)}</pre>`,
  );
}

function page(title: string, body: string): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${escape(title)}</title>
<style>body{font-family:sans-serif;margin:2rem}iframe{width:100%;height:36rem;border:1px solid #ccc}pre{white-space:pre-wrap}</style>
</head><body><h1>${escape(title)}</h1>${body}</body></html>`;
}

interface ReadMail {
  subject: string;
  to: string;
  text: string;
  html: string;
}

/** Undefined for any name that the service does not give its files, and for one that does not exist. */
async function readMail(directory: string, file: string): Promise<ReadMail | undefined> {
  if (!MAIL_FILE.test(file)) return undefined;
  const json = await readFile(join(directory, pageOf(file)), 'utf8').catch(() => undefined);
  return json === undefined ? undefined : (JSON.parse(json) as ReadMail);
}

function escape(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
