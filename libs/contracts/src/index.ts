export * from './claims.js';
export * from './errors.js';
export * from './permissions.js';
export * from './plans.js';
export * from './roles.js';
export * from './tenants.js';
export * from './users.js';
export * from './uuid.js';
