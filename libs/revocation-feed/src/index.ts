export { DatabaseSessionStatusSource } from './database-session-status.source.js';
export {
  databaseFeed,
  databaseSessionStatus,
  type DatabaseSessionStatusOptions,
} from './database-session-status.js';
