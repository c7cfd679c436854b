import type { Attack } from '../attack.js';
import { JSON_BODY, logInRequest, signIn } from '../world.js';

/** 63 KB each, just below the limit of a body. */
const EMPTY_OBJECTS = JSON.stringify({ permissions: Array.from({ length: 21_000 }, () => ({})) });
const UNKNOWN_KEYS = JSON.stringify(
  Object.fromEntries(Array.from({ length: 6_500 }, (_, index) => [`k${index}`, 1])),
);

const PUBLIC_ROUTES = ['/api/v1/auth/login', '/api/v1/auth/register', '/api/v1/tenants'];

export const INVALID_BODIES: readonly Attack[] = [
  {
    name: 'empty-objects',
    description: '3 bodies with 21,000 empty objects, by a manager',
    prepare: async (world) => {
      const session = await signIn(world, world.attackers[0], 'manager');
      const headers = { ...session, ...JSON_BODY };
      const path = '/api/v1/auth/invitations';
      return { size: 3, requests: [{ method: 'POST', path, headers, body: EMPTY_OBJECTS }] };
    },
  },
  {
    name: 'unknown-keys',
    description: '20 bodies with 6,500 unknown keys to public routes',
    prepare: ({ attackers }) => {
      const request = { ...logInRequest(attackers[0]), body: UNKNOWN_KEYS };
      const requests = PUBLIC_ROUTES.map((path) => ({ ...request, path }));
      return Promise.resolve({ size: 20, requests });
    },
  },
];
