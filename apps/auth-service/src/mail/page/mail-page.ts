import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { escapeHtml } from '@poc-tracker/http-service';
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
  fastify.get('/mails', (request, reply) => locally(request, reply, () => listPage(directory)));
  fastify.get<{ Params: { file: string } }>('/mails/:file', (request, reply) =>
    locally(request, reply, () => mailPage(directory, request.params.file)),
  );
  fastify.get<{ Params: { file: string } }>('/mails/:file/html', (request, reply) =>
    locally(
      request,
      reply,
      async () => inNewWindows((await readMail(directory, request.params.file))?.html),
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

async function listPage(directory: string): Promise<string> {
  const files = await mailFiles(directory);
  const mails = await Promise.all(files.map((file) => readMail(directory, file)));
  const rows = files.map((file, index) => row(file, mails[index]));
  const head = '<tr><th>Time (UTC)</th><th>To</th><th>Subject</th></tr>';
  return page(
    'Mails',
    rows.length === 0
      ? '<p>There are no mails yet.</p>'
      : `<table>${head}${rows.join('\n')}</table>`,
  );
}

/** The name of a file starts with the time, such as `20261130T173000000Z`. A mail that was deleted meanwhile has the time alone. */
function row(file: string, mail: ReadMail | undefined): string {
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)/.exec(file) ?? [];
  const time = `${year}-${month}-${day} ${hour}:${minute}:${second}`;
  const link = `<a href="/mails/${file}">${escapeHtml(mail?.subject ?? file)}</a>`;
  return `<tr><td>${time}</td><td>${escapeHtml(mail?.to ?? '')}</td><td>${link}</td></tr>`;
}

/** A link cannot lead out of the frame of a mail, so it opens in a new window, as in a mail program. */
function inNewWindows(html: string | undefined): string | undefined {
  return html?.replace('<head>', '<head>\n<base target="_blank">');
}

async function mailPage(directory: string, file: string): Promise<string | undefined> {
  const mail = await readMail(directory, file);
  if (mail === undefined) return undefined;
  return page(
    mail.subject,
    `<p><a href="/mails">All mails</a></p><p>To: ${escapeHtml(mail.to)}</p>
<iframe sandbox="allow-popups allow-popups-to-escape-sandbox" src="/mails/${file}/html"></iframe>
<pre>${escapeHtml(mail.text)}</pre>`,
  );
}

function page(title: string, body: string): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head><body><h1>${escapeHtml(title)}</h1>${body}</body></html>`;
}

const STYLE = `body{font-family:sans-serif;margin:2rem;overflow-wrap:anywhere}
iframe{width:100%;height:36rem;border:1px solid #ccc}pre{white-space:pre-wrap}
table{border-collapse:collapse}th,td{text-align:left;padding:.4rem 1.5rem .4rem 0;border-bottom:1px solid #ddd}
td:first-child{white-space:nowrap}`;

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
