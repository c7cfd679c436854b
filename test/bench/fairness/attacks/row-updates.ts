import type { Attack } from '../attack.js';
import { JSON_BODY, signIn } from '../world.js';

const SIZE = 1_200;

export const ROW_UPDATES: Attack = {
  name: 'row-updates',
  description: `${SIZE} updates of one row at once`,
  hasReference: true,
  prepare: async (world) => {
    const headers = { ...(await signIn(world, world.attackers[0])), ...JSON_BODY };
    const requests = Array.from({ length: SIZE }, (_, index) => ({
      method: 'PUT' as const,
      path: '/api/v1/auth/me',
      headers,
      body: JSON.stringify({ firstName: `Ana ${index}` }),
    }));
    return { size: SIZE, requests };
  },
};
