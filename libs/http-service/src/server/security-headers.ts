import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import helmet from 'helmet';

/** An API's answer is no document: it may load, run, embed and submit nothing (OWASP REST Security). */
export const API_CONTENT_SECURITY_POLICY =
  "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/**
 * Swagger UI runs its own files and calls this API. Its page carries two `<style>` blocks, hence the one
 * 'unsafe-inline', for styles; scripts come from files only.
 */
const DOCS_CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/**
 * Headers of every answer: helmet's, the content security policy of the route's kind, and `Cache-Control: no-store`
 * unless the route states another (ASVS 14.3.2: answers hold tokens and personal data).
 */
export function registerSecurityHeaders(fastify: FastifyInstance): void {
  const fixed = { ...helmetHeaders(), 'cache-control': 'no-store' };
  const ofApi = { ...fixed, 'content-security-policy': API_CONTENT_SECURITY_POLICY };
  const ofDocs = { ...fixed, 'content-security-policy': DOCS_CONTENT_SECURITY_POLICY };
  fastify.addHook('onRequest', (request, reply, done) => {
    void reply.headers(isDocs(request) ? ofDocs : ofApi).header('x-request-id', request.id);
    done();
  });
}

/**
 * Helmet's headers are the same for every request, and its plugin for Fastify works them out again each time, which
 * took a tenth of a light request: here it is asked once.
 */
function helmetHeaders(): Record<string, string> {
  const response = new ServerResponse(new IncomingMessage(new Socket()));
  helmet({ contentSecurityPolicy: false, frameguard: { action: 'deny' } })(
    response.req,
    response,
    () => undefined,
  );
  return response.getHeaders() as Record<string, string>;
}

/** Goes by the route that matched, not by the text of the address, which can be spelled in many ways. */
function isDocs(request: FastifyRequest): boolean {
  return /^\/docs(\/|$)/.test(request.routeOptions.url ?? '');
}
