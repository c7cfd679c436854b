/** The dependencies of the service. */
export const HEALTH_CHECK_NAMES = [
  'database',
  'redis',
  'clock',
  'tenant_resolution',
  'jwt_signing',
] as const;

export type HealthCheckName = (typeof HEALTH_CHECK_NAMES)[number];

/** Checks one dependency of the service. */
export interface HealthCheck {
  readonly name: HealthCheckName;
  /** If a critical dependency fails, the service is unhealthy; otherwise it is degraded. */
  readonly critical: boolean;
  /**
   * Uses the dependency as a request does.
   * @returns details for the public response.
   * @throws Error if the dependency does not work.
   */
  probe(): Promise<Record<string, unknown>>;
}

/** Injection token of the list of {@link HealthCheck}s. */
export const HEALTH_CHECKS = Symbol('HEALTH_CHECKS');
