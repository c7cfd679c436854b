export { CircuitBreaker } from './circuit-breaker.js';
export { connectionOptions, SILENCE_MS } from './connection-options.js';
export { inTime, NoAnswerError } from './in-time.js';
export { readRunId } from './run-id.js';
