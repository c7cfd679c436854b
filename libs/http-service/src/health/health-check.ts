/** Checks one dependency of a service. */
export interface HealthCheck<Name extends string = string> {
  readonly name: Name;
  /** If a critical dependency fails, the service is unhealthy; otherwise it is degraded. Read after the probe. */
  readonly critical: boolean;
  /** True: an outage is logged by what uses the dependency, and is not logged twice. */
  readonly logsOutages?: boolean;
  /** Without this dependency no request can be answered, and the service is not ready. */
  readonly neededToBeReady?: boolean;
  /**
   * Uses the dependency as a request does.
   * @returns details for the public response.
   * @throws Error if the dependency does not work.
   */
  probe(): Promise<Record<string, unknown>>;
}

/** The result of a check, with its details if they are exposed. */
export interface CheckedHealth {
  healthy: boolean;
  /** Milliseconds. */
  responseTime: number;
}

export interface HealthReport<Name extends string> {
  status: 'healthy' | 'degraded' | 'unhealthy';
  timestamp: string;
  version?: string;
  services: Record<Name, CheckedHealth>;
}

export interface Readiness {
  status: 'healthy' | 'unhealthy';
  timestamp: string;
}
