import helmet from '@fastify/helmet';
import type { FastifyInstance, FastifyRequest } from 'fastify';

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
export async function registerSecurityHeaders(fastify: FastifyInstance): Promise<void> {
  fastify.addHook('onRequest', (request, reply, done) => {
    void reply.headers({
      'x-request-id': request.id,
      'cache-control': 'no-store',
      'content-security-policy': isDocs(request)
        ? DOCS_CONTENT_SECURITY_POLICY
        : API_CONTENT_SECURITY_POLICY,
    });
    done();
  });
  await fastify.register(helmet, { contentSecurityPolicy: false, frameguard: { action: 'deny' } });
}

/** Goes by the route that matched, not by the text of the address, which can be spelled in many ways. */
function isDocs(request: FastifyRequest): boolean {
  return /^\/docs(\/|$)/.test(request.routeOptions.url ?? '');
}
