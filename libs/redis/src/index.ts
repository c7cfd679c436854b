export { CircuitBreaker } from './circuit-breaker.js';
export { connectionOptions, SILENCE_MS } from './connection-options.js';
export { inTime, NoAnswerError } from './in-time.js';
export { RedisOutages } from './redis-outages.js';
export { readRunId } from './run-id.js';
export { shareRedis, type SharedRedis } from './shared-redis.js';
