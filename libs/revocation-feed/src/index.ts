export { DatabaseStandingSource } from './database-standing.source.js';
export {
  databaseFeed,
  databaseStandings,
  type DatabaseStandingsOptions,
} from './database-standings.js';
