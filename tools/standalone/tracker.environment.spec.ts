import { describe, expect, it } from 'vitest';
import { readTrackerPort, trackerEnvironment } from './tracker.environment.js';

describe('the environment of the tracker', () => {
  const at = { databaseUrl: 'postgres://tracker@db.internal/poc_tracker', port: 3001 };

  it('has its own login and port, and none of our keys and logins', () => {
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

  it('takes what is set over what is only a default', () => {
    const defaults = { STORAGE_DIR: '.data/files', DB_POOL_MAX: '20' };
    expect(trackerEnvironment({ STORAGE_DIR: '/srv/files' }, { ...at, defaults })).toMatchObject({
      STORAGE_DIR: '/srv/files',
      DB_POOL_MAX: '20',
    });
  });

  it('refuses a port that is none, by the name of the variable', () => {
    expect(readTrackerPort({})).toBe(3001);
    expect(() => readTrackerPort({ TRACKER_PORT: 'eighty' })).toThrow('TRACKER_PORT must be');
  });
});
