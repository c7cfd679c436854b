import { type BeforeApplicationShutdown, Inject, Injectable, Logger } from '@nestjs/common';
import { assertClockAgrees, TenantDatabase, WriteProbe } from '@poc-tracker/tenancy';
import { TRACKER_CONFIG, type TrackerConfig } from '../config/tracker-config.js';
import { FileStorage } from '../storage/file-storage.js';
import type { HealthResponse, ProbeResponse, ServiceHealth } from './health.response.js';

/** A check that takes longer counts as failed. */
const CHECK_TIMEOUT_MS = 2_000;

/** The route is public: however often it is called, each check runs once in this time. */
const CACHE_MS = 1_000;

/** The disk or the quota is full: files can be read, but not added. */
const NO_SPACE: ReadonlySet<string | undefined> = new Set(['ENOSPC', 'EDQUOT']);

interface Check {
  startedAt: number;
  /** The probe has not finished, even if it has timed out. */
  running: boolean;
  health: Promise<ServiceHealth>;
}

/** Checks the dependencies of the tracker. Never throws: failed checks are part of the report. */
@Injectable()
export class HealthService implements BeforeApplicationShutdown {
  private readonly logger = new Logger(HealthService.name);
  private stopping = false;
  /** Whether the storage failed its last check because there was no space. */
  private storageFull = false;
  private readonly checks = new Map<string, Check>();
  private readonly failing = new Set<string>();

  constructor(
    @Inject(TRACKER_CONFIG) private readonly config: Pick<TrackerConfig, 'version' | 'exposure'>,
    private readonly database: TenantDatabase,
    private readonly writes: WriteProbe,
    private readonly storage: FileStorage,
  ) {}

  async report(): Promise<HealthResponse> {
    const [database, storage, clock] = await Promise.all([
      this.checkDatabase(),
      this.checkStorage(),
      this.check('clock', () => assertClockAgrees(this.database)),
    ]);
    const down = !database.healthy || (!storage.healthy && !this.storageFull);
    const impaired = [storage, clock].some(({ healthy }) => !healthy);
    const { exposure, version } = this.config;
    return {
      // With a wrong clock or a full disk, some requests are still answered.
      status: down ? 'unhealthy' : impaired ? 'degraded' : 'healthy',
      timestamp: new Date().toISOString(),
      ...(exposure.healthDetails && { version }),
      services: { database, storage, clock },
    };
  }

  /** Runs before the server refuses connections: load balancers send their requests elsewhere from now on. */
  beforeApplicationShutdown(): void {
    this.stopping = true;
  }

  /** Whether requests can be answered, which depends on the database only, and will be. */
  async readiness(): Promise<ProbeResponse> {
    const { healthy } = await this.checkDatabase();
    return {
      status: healthy && !this.stopping ? 'healthy' : 'unhealthy',
      timestamp: new Date().toISOString(),
    };
  }

  private checkDatabase(): Promise<ServiceHealth> {
    return this.check('database', async () => {
      await Promise.resolve(this.writes.assertWritable());
    });
  }

  private checkStorage(): Promise<ServiceHealth> {
    return this.check('storage', async () => {
      try {
        await this.storage.assertWritable();
      } catch (error) {
        this.storageFull = NO_SPACE.has((error as NodeJS.ErrnoException).code);
        throw error;
      }
    });
  }

  /** While a probe is running, its result is reused, so that hanging probes do not accumulate during an outage. */
  private check(name: string, probe: () => Promise<void>): Promise<ServiceHealth> {
    const last = this.checks.get(name);
    if (last !== undefined && (last.running || Date.now() - last.startedAt < CACHE_MS))
      return last.health;
    const running = probe();
    const check = { startedAt: Date.now(), running: true, health: this.measure(name, running) };
    const settle = (): void => void (check.running = false);
    running.then(settle, settle);
    this.checks.set(name, check);
    return check.health;
  }

  private async measure(name: string, running: Promise<void>): Promise<ServiceHealth> {
    const startedAt = performance.now();
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error('The check timed out.')), CHECK_TIMEOUT_MS);
    });
    let healthy = true;
    try {
      await Promise.race([running, timeout]);
      this.logChange(name, undefined);
    } catch (error) {
      healthy = false;
      this.logChange(name, (error as Error).message);
    } finally {
      clearTimeout(timer);
    }
    return { healthy, responseTime: Math.round(performance.now() - startedAt) };
  }

  /** Logs the reason once per outage. It may contain names of hosts and folders, so it is not part of the response. */
  private logChange(name: string, reason: string | undefined): void {
    if (reason === undefined) {
      if (this.failing.delete(name)) this.logger.log(`${name} is healthy again.`);
    } else if (!this.failing.has(name)) {
      this.failing.add(name);
      this.logger.warn(`${name} is unhealthy: ${reason}`);
    }
  }
}
