import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import helmet from 'helmet';

/** A response of the API is not a document, so it may load, run, embed and submit nothing (OWASP REST Security). */
export const API_CONTENT_SECURITY_POLICY =
  "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/**
 * Swagger UI loads its own files and calls this API. Its page has two `<style>` blocks, which need 'unsafe-inline'; scripts
 * come from files only.
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
 * Sets the headers of every response: helmet's, the content security policy, and `Cache-Control: no-store` unless the route
 * sets another (ASVS 14.3.2: responses contain tokens and personal data).
 */
export function registerSecurityHeaders(fastify: FastifyInstance): void {
  const fixed = { ...helmetHeaders(), 'cache-control': 'no-store' };
  const apiHeaders = { ...fixed, 'content-security-policy': API_CONTENT_SECURITY_POLICY };
  const docsHeaders = { ...fixed, 'content-security-policy': DOCS_CONTENT_SECURITY_POLICY };
  fastify.addHook('onRequest', (request, reply, done) => {
    void reply
      .headers(isDocs(request) ? docsHeaders : apiHeaders)
      .header('x-request-id', request.id);
    done();
  });
}

/**
 * Helmet's headers are the same for every request. Its Fastify plugin computes them each time, which took a tenth of the
 * time of a small request, so they are computed once.
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

/** By the matched route instead of the URL, which can be written in many ways. */
function isDocs(request: FastifyRequest): boolean {
  return /^\/docs(\/|$)/.test(request.routeOptions.url ?? '');
}
