import { afterAll, afterEach } from 'vitest';
import { failOnViolation } from './unit-boundary.js';

// Vitest runs this file again for each spec, and the imported one once per process.
afterEach(failOnViolation);
afterAll(failOnViolation);
