export * from './fake-redis.js';
export * from './pooler-proxy.js';
export * from './random-numbers.js';
export * from './random-texts.js';
export * from './redis-server.js';
export * from './seeds.js';
export * from './test-cluster.js';
export * from './test-database.js';
