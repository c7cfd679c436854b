import type { HealthCheck } from '@poc-tracker/http-service';

/** The dependencies of the service. */
export type HealthCheckName = 'database' | 'redis' | 'clock' | 'tenant_resolution' | 'jwt_signing';

/** Checks one dependency of the service. */
export type ServiceCheck = HealthCheck<HealthCheckName>;
