import type { FastifyInstance } from 'fastify';
import { hasOAuthErrors } from './oauth-error.js';
import { isEndlessHead } from '../server/endless-response.js';

interface Route {
  segments: string[];
  methods: Set<string>;
}

/** The start of a request target in absolute form (RFC 9112, 3.2.2). */
const ORIGIN = /^https?:\/\/[^/?#]*/i;

/**
 * The paths of the service and their methods, collected while routes are registered. Distinguishes an unsupported method
 * (405 with Allow; RFC 9110, 15.5.6) from an unknown path (404).
 */
export class RouteDirectory {
  private readonly routes = new Map<string, Route>();
  /** The paths above the routes that respond in the format of OAuth, with a slash at the end. */
  private readonly oauthSections = new Set<string>();

  /** Call it before any route is registered. */
  attach(fastify: FastifyInstance): void {
    fastify.addHook('onRoute', (options) => {
      if (isEndlessHead(options)) return;
      const { url, method, config } = options;
      if (hasOAuthErrors(config)) this.oauthSections.add(url.slice(0, url.lastIndexOf('/') + 1));
      const route = this.routes.get(url) ?? { segments: url.split('/'), methods: new Set() };
      for (const name of [method].flat()) route.methods.add(name);
      this.routes.set(url, route);
    });
  }

  /** Whether the path of a request target is below the routes that respond in the format of OAuth. */
  isOAuth(target: string): boolean {
    const path = decodePath(target);
    return [...this.oauthSections].some((section) => path.startsWith(section));
  }

  /** The methods of the path of a request target, sorted; empty for an unknown path. */
  methodsAt(target: string): string[] {
    const segments = decodePath(target).split('/');
    const methods = [...this.routes.values()]
      .filter((route) => matches(route.segments, segments))
      .flatMap((route) => [...route.methods]);
    return [...new Set(methods)].sort();
  }
}

function decodePath(target: string): string {
  const path = target.replace(ORIGIN, '').split('?', 1)[0] ?? '';
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** Supports the patterns that the service uses: fixed segments, `:name` for one, `*` for the rest. */
function matches(pattern: readonly string[], segments: readonly string[]): boolean {
  if (pattern.at(-1) === '*') {
    return (
      segments.length >= pattern.length &&
      matches(pattern.slice(0, -1), segments.slice(0, pattern.length - 1))
    );
  }
  return (
    pattern.length === segments.length &&
    pattern.every((part, index) =>
      part.startsWith(':') ? segments[index] !== '' : part === segments[index],
    )
  );
}
