import type { Attack } from '../attack.js';
import { UNREAD_EXPORTS } from './unread-exports.js';
import { INVALID_BODIES } from './invalid-bodies.js';
import { LOG_IN_BURST } from './log-in-burst.js';
import { CONNECTION_BURST } from './connection-burst.js';
import { REVOCATION_STREAMS } from './revocation-streams.js';
import { ROW_UPDATES } from './row-updates.js';
import { SESSION_LIST } from './session-list.js';

export const ATTACKS: readonly Attack[] = [
  LOG_IN_BURST,
  ...INVALID_BODIES,
  ...UNREAD_EXPORTS,
  ROW_UPDATES,
  SESSION_LIST,
  REVOCATION_STREAMS,
  CONNECTION_BURST,
];
