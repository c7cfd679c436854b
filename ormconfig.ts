import { migrationDataSource } from './apps/auth-service/src/migrations/run-migrations.js';

const url = process.env['MIGRATION_DATABASE_URL'];
if (!url) {
  throw new Error(
    'MIGRATION_DATABASE_URL is not set: the URL of the login that owns the database, for example ' +
      'postgres://poc_tracker_owner:password@localhost:5432/poc_tracker',
  );
}

const production = process.env['NODE_ENV'] === 'production';
if (production && /[?&]ssl/i.test(url)) {
  throw new Error(
    'MIGRATION_DATABASE_URL must not have ssl parameters: in production TLS is always verified.',
  );
}

/** What `npm run migrate` works on, and TypeORM's command line: `typeorm migration:show -d ormconfig.ts`. */
export default migrationDataSource(url, production);
