/** What the service stands on. */
export const HEALTH_CHECK_NAMES = [
  'database',
  'redis',
  'tenant_resolution',
  'jwt_signing',
] as const;

export type HealthCheckName = (typeof HEALTH_CHECK_NAMES)[number];

/** One thing that the service stands on. */
export interface HealthCheck {
  readonly name: HealthCheckName;
  /** True: without it nothing can be answered. False: without it the service is degraded. */
  readonly critical: boolean;
  /** Uses the thing as a request would. @returns what is worth telling the public. @throws whatever stands in the way. */
  probe(): Promise<Record<string, unknown>>;
}

/** Injection token of the list of {@link HealthCheck}s. */
export const HEALTH_CHECKS = Symbol('HEALTH_CHECKS');
