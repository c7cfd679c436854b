import { describe, expect, it } from 'vitest';
import { readTrackerPort, trackerEnvironment } from './tracker.environment.js';

describe('trackerEnvironment', () => {
  const at = { databaseUrl: 'postgres://tracker@db.internal/poc_tracker', port: 3001 };

  it('has the login and the port of the tracker, but no key and no other login', () => {
    const env = {
      PORT: '3000',
      DATABASE_URL: 'postgres://service@db.internal/poc_tracker',
      PLATFORM_DATABASE_URL: 'postgres://platform@db.internal/poc_tracker',
      MIGRATION_DATABASE_URL: 'postgres://owner@db.internal/poc_tracker',
      JWT_PRIVATE_KEY: 'private',
      JWT_PRIVATE_KEY_FILE: '/run/secrets/private',
      JWT_REFRESH_SECRET: 'refresh',
      JWT_REFRESH_SECRET_FILE: '/run/secrets/refresh',
      LOG_LEVEL: 'warn',
      MAX_UPLOAD_MB: ' ',
    };
    expect(trackerEnvironment(env, at)).toEqual({
      DATABASE_URL: at.databaseUrl,
      PORT: '3001',
      LOG_LEVEL: 'warn',
    });
  });

  it('prefers a set variable to a default', () => {
    const defaults = { STORAGE_DIR: '.data/files', DB_POOL_MAX: '20' };
    expect(trackerEnvironment({ STORAGE_DIR: '/srv/files' }, { ...at, defaults })).toMatchObject({
      STORAGE_DIR: '/srv/files',
      DB_POOL_MAX: '20',
    });
  });

  it('names TRACKER_PORT if it is not a port', () => {
    expect(readTrackerPort({})).toBe(3001);
    expect(() => readTrackerPort({ TRACKER_PORT: 'eighty' })).toThrow('TRACKER_PORT must be');
  });
});
