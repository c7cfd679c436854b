import type { FastifyInstance } from 'fastify';

interface Route {
  segments: string[];
  methods: Set<string>;
}

/**
 * Every path that the service serves and its methods, collected while the routes are registered: what tells a path
 * with another method (405 with Allow, RFC 9110, 15.5.6) from a path that does not exist (404).
 */
export class RouteDirectory {
  private readonly routes = new Map<string, Route>();

  /** Starts collecting; call it before any route is registered. */
  attach(fastify: FastifyInstance): void {
    fastify.addHook('onRoute', ({ url, method }) => {
      const route = this.routes.get(url) ?? { segments: url.split('/'), methods: new Set() };
      for (const name of [method].flat()) route.methods.add(name);
      this.routes.set(url, route);
    });
  }

  /** The methods that the path of a request target takes, sorted; none when nothing is served there. */
  methodsAt(target: string): string[] {
    const segments = decodePath(target).split('/');
    const methods = [...this.routes.values()]
      .filter((route) => matches(route.segments, segments))
      .flatMap((route) => [...route.methods]);
    return [...new Set(methods)].sort();
  }
}

function decodePath(target: string): string {
  const path = target.split('?', 1)[0] ?? '';
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** Patterns of the router as the service uses them: fixed segments, `:name` for one, `*` for the rest. */
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
