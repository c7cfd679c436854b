export * from './database-provisioning.js';
export * from './embedded-postgres.error.js';
export * from './free-port.js';
export * from './process/guarded-process.js';
export * from './poll.js';
export * from './postgres-server.js';
export * from './process/server-identity.js';
