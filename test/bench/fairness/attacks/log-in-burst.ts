import type { Attack } from '../attack.js';
import { logInRequest } from '../world.js';

const SIZE = 400;

/** Each address has its turn in the queue of password hashing, so the attack takes as many turns within its tenant. */
const ADDRESSES = 40;

export const LOG_IN_BURST: Attack = {
  name: 'log-ins',
  description: `${SIZE} log-ins at once with the right password, from ${ADDRESSES} addresses`,
  prepare: ({ attackers }) => {
    const requests = Array.from({ length: SIZE }, (_, index) =>
      logInRequest(attackers[index % attackers.length], `203.0.113.${index % ADDRESSES}`),
    );
    return Promise.resolve({ size: SIZE, requests });
  },
};
