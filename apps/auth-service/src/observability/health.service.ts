import { Inject, Injectable, Logger } from '@nestjs/common';
import { HealthIndicatorService } from '@nestjs/terminus';
import { APP_CONFIG, type AppConfig } from '../config/app-config.js';
import { HEALTH_CHECKS, type HealthCheck, type HealthCheckName } from './health-check.js';
import type { HealthResponse, ProbeResponse, ServiceHealth } from './health.response.js';

/** A check that takes longer counts as failed: whoever asks must be told while asking still makes sense. */
const CHECK_TIMEOUT_MS = 2_000;

/** The address is public: however often it is asked, the database is asked once in this time. */
const CACHE_MS = 1_000;

/** Runs the health checks, each bounded in time and none more than once at a time. */
@Injectable()
export class HealthService {
  private readonly logger = new Logger(HealthService.name);
  private readonly running = new Map<HealthCheckName, Promise<Record<string, unknown>>>();
  private readonly failing = new Set<HealthCheckName>();

  constructor(
    @Inject(HealthIndicatorService) private readonly indicators: HealthIndicatorService,
    @Inject(HEALTH_CHECKS) private readonly checks: readonly HealthCheck[],
    @Inject(APP_CONFIG) private readonly config: Pick<AppConfig, 'version'>,
  ) {}

  /** The whole picture. Never throws: what fails is reported. */
  async report(): Promise<HealthResponse> {
    const entries = await Promise.all(
      this.checks.map(async (check) => [check.name, await this.examine(check)] as const),
    );
    const services = Object.fromEntries(entries) as unknown as HealthResponse['services'];
    const failed = this.checks.filter(({ name }) => services[name].status === 'unhealthy');
    const status = failed.some(({ critical }) => critical)
      ? 'unhealthy'
      : failed.length > 0
        ? 'degraded'
        : 'healthy';
    return { status, timestamp: new Date().toISOString(), version: this.config.version, services };
  }

  /** Whether requests can be answered: the database decides. */
  async readiness(): Promise<ProbeResponse> {
    const checks = this.checks.filter(({ name }) => name === 'database');
    const results = await Promise.all(checks.map((check) => this.examine(check)));
    const healthy = results.every(({ status }) => status === 'healthy');
    return { status: healthy ? 'healthy' : 'unhealthy', timestamp: new Date().toISOString() };
  }

  private async examine(check: HealthCheck): Promise<ServiceHealth> {
    const attempt = this.indicators
      .check(check.name)
      .attempt(() => this.runOnce(check))
      .withTimeout(CHECK_TIMEOUT_MS)
      .cacheFor(CACHE_MS);
    const { [check.name]: outcome } = await attempt;
    const { status, responseTime, message, cachedResponse: _cached, ...told } = outcome as Outcome;
    const healthy = status === 'up';
    this.noteChange(check.name, healthy ? undefined : String(message));
    return {
      status: healthy ? 'healthy' : 'unhealthy',
      responseTimeMs: responseTime,
      ...(healthy && told),
    };
  }

  /** Joins a probe that still hangs from an earlier time: an outage must not pile up probes that wait for it. */
  private runOnce(check: HealthCheck): Promise<Record<string, unknown>> {
    const running =
      this.running.get(check.name) ?? check.probe().finally(() => this.running.delete(check.name));
    this.running.set(check.name, running);
    return running;
  }

  /** The reason goes to the log, once an outage: it may name hosts, and the answer is public. */
  private noteChange(name: HealthCheckName, reason: string | undefined): void {
    if (reason === undefined) {
      if (this.failing.delete(name)) this.logger.log(`${name} is healthy again.`);
    } else if (!this.failing.has(name)) {
      this.failing.add(name);
      this.logger.warn(`${name} is unhealthy: ${reason}`);
    }
  }
}

/** What an attempt of terminus resolves with, beside what the probe told. */
interface Outcome extends Record<string, unknown> {
  status: 'up' | 'down' | 'degraded';
  responseTime: number;
  message?: unknown;
}
