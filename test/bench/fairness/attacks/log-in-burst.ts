import type { Attack } from '../attack.js';
import { logInRequest } from '../world.js';

const SIZE = 400;

export const LOG_IN_BURST: Attack = {
  name: 'log-ins',
  description: `${SIZE} log-ins at once with the right password`,
  prepare: ({ attackers }) => {
    const requests = Array.from({ length: SIZE }, (_, index) =>
      logInRequest(attackers[index % attackers.length]),
    );
    return Promise.resolve({ size: SIZE, requests });
  },
};
