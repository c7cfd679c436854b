import type { Attack } from '../attack.js';
import { logInRequest } from '../world.js';

const SIZE = 1_000;

export const CONNECTION_BURST: Attack = {
  name: 'connections',
  description: `${SIZE} new connections at once, for a health check or a log-in each`,
  hasReference: true,
  prepare: ({ attackers }) =>
    Promise.resolve({
      size: SIZE,
      requests: [{ method: 'GET', path: '/health/live', headers: {} }, logInRequest(attackers[0])],
      newConnections: true,
    }),
};
