import { type BeforeApplicationShutdown, Logger } from '@nestjs/common';
import { HealthIndicatorService } from '@nestjs/terminus';
import type { ServiceSettings } from '../settings/service-settings.js';
import type { CheckedHealth, HealthCheck, HealthReport, Readiness } from './health-check.js';

/** A check that takes longer counts as failed, so that a load balancer gets an answer before its own timeout. */
const CHECK_TIMEOUT_MS = 2_000;

/** The routes are public: however often they are called, each dependency is checked once in this time. */
const CACHE_MS = 1_000;

/** Runs the health checks of a service, each with a timeout and at most once at a time. */
export class HealthService<Name extends string = string> implements BeforeApplicationShutdown {
  private readonly logger = new Logger(HealthService.name);
  private readonly indicators = new HealthIndicatorService();
  private stopping = false;
  private readonly running = new Map<Name, Promise<Record<string, unknown>>>();
  private readonly failing = new Set<Name>();

  constructor(
    private readonly checks: readonly HealthCheck<Name>[],
    private readonly settings: Pick<ServiceSettings, 'version' | 'exposure'>,
  ) {}

  /** The health of the service. Never throws: failed checks are part of the report. */
  async report(): Promise<HealthReport<Name>> {
    const entries = await Promise.all(
      this.checks.map(async (check) => [check.name, await this.run(check)] as const),
    );
    const services = Object.fromEntries(entries) as Record<Name, CheckedHealth>;
    const failed = this.checks.filter(({ name }) => !services[name].healthy);
    const status = failed.some(({ critical }) => critical)
      ? 'unhealthy'
      : failed.length > 0
        ? 'degraded'
        : 'healthy';
    const { exposure, version } = this.settings;
    return {
      status,
      timestamp: new Date().toISOString(),
      ...(exposure.healthDetails && { version }),
      services,
    };
  }

  /** Runs before the server refuses connections: load balancers send their requests elsewhere from now on. */
  beforeApplicationShutdown(): void {
    this.stopping = true;
  }

  /** Whether requests can be answered, and will be. */
  async readiness(): Promise<Readiness> {
    const checks = this.checks.filter(({ neededToBeReady }) => neededToBeReady === true);
    const results = await Promise.all(checks.map((check) => this.run(check)));
    const healthy = !this.stopping && results.every((result) => result.healthy);
    return { status: healthy ? 'healthy' : 'unhealthy', timestamp: new Date().toISOString() };
  }

  private async run(check: HealthCheck<Name>): Promise<CheckedHealth> {
    const attempt = this.indicators
      .check(check.name)
      .attempt(() => this.runOnce(check))
      .withTimeout(CHECK_TIMEOUT_MS)
      .cacheFor(CACHE_MS);
    const { [check.name]: outcome } = await attempt;
    const {
      status,
      responseTime,
      message,
      cachedResponse: _cached,
      ...details
    } = outcome as Outcome;
    const healthy = status === 'up';
    if (check.logsOutages !== true)
      this.logChange(check.name, healthy ? undefined : String(message));
    return {
      healthy,
      responseTime,
      ...(healthy && this.settings.exposure.healthDetails && details),
    };
  }

  /** Reuses a probe that is still running, so that hanging probes do not accumulate during an outage. */
  private runOnce(check: HealthCheck<Name>): Promise<Record<string, unknown>> {
    const running =
      this.running.get(check.name) ?? check.probe().finally(() => this.running.delete(check.name));
    this.running.set(check.name, running);
    return running;
  }

  /** Logs the reason once per outage. It may contain names of hosts and folders, so it is not part of the response. */
  private logChange(name: Name, reason: string | undefined): void {
    if (reason === undefined) {
      if (this.failing.delete(name)) this.logger.log(`${name} is healthy again.`);
    } else if (!this.failing.has(name)) {
      this.failing.add(name);
      this.logger.warn(`${name} is unhealthy: ${reason}`);
    }
  }
}

/** The result of a Terminus check; other fields are the details of the probe. */
interface Outcome extends Record<string, unknown> {
  status: 'up' | 'down' | 'degraded';
  responseTime: number;
  message?: unknown;
}
