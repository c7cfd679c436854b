import { Inject, Injectable, Logger } from '@nestjs/common';
import { TenantDatabase } from '@poc-tracker/tenancy';
import { TRACKER_CONFIG, type TrackerConfig } from '../config/tracker-config.js';
import { FileStorage } from '../storage/file-storage.js';
import type { HealthResponse, ProbeResponse, ServiceHealth } from './health.response.js';

/** A check that takes longer counts as failed. */
const CHECK_TIMEOUT_MS = 2_000;

/** The address is public: however often it is asked, each check runs once in this time. */
const CACHE_MS = 1_000;

interface Check {
  at: number;
  /** The probe has not come back, though it may have been given up. */
  running: boolean;
  health: Promise<ServiceHealth>;
}

/** How the tracker and what it stands on are. Never throws: what fails is reported. */
@Injectable()
export class HealthService {
  private readonly logger = new Logger(HealthService.name);
  private readonly checks = new Map<string, Check>();
  private readonly failing = new Set<string>();

  constructor(
    @Inject(TRACKER_CONFIG) private readonly config: Pick<TrackerConfig, 'version'>,
    private readonly database: TenantDatabase,
    private readonly storage: FileStorage,
  ) {}

  async report(): Promise<HealthResponse> {
    const [database, storage] = await Promise.all([this.ofDatabase(), this.ofStorage()]);
    const down = [database, storage].some(({ status }) => status === 'unhealthy');
    return {
      status: down ? 'unhealthy' : 'healthy',
      timestamp: new Date().toISOString(),
      version: this.config.version,
      services: { database, storage },
    };
  }

  /** Whether requests can be answered: the database decides. */
  async readiness(): Promise<ProbeResponse> {
    const { status } = await this.ofDatabase();
    return { status, timestamp: new Date().toISOString() };
  }

  private ofDatabase(): Promise<ServiceHealth> {
    return this.examine('database', async () => {
      await this.database.lookup('SELECT 1', []);
    });
  }

  private ofStorage(): Promise<ServiceHealth> {
    return this.examine('storage', () => this.storage.assertWritable());
  }

  /** An outage must not pile up probes that wait for it: until the last one has come back, its answer stands. */
  private examine(name: string, probe: () => Promise<void>): Promise<ServiceHealth> {
    const last = this.checks.get(name);
    if (last !== undefined && (last.running || Date.now() - last.at < CACHE_MS)) return last.health;
    const running = probe();
    const check = { at: Date.now(), running: true, health: this.judge(name, running) };
    const settle = (): void => void (check.running = false);
    running.then(settle, settle);
    this.checks.set(name, check);
    return check.health;
  }

  private async judge(name: string, running: Promise<void>): Promise<ServiceHealth> {
    const began = performance.now();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error('It did not answer in time.')), CHECK_TIMEOUT_MS);
    });
    let status: ServiceHealth['status'] = 'healthy';
    try {
      await Promise.race([running, late]);
      this.noteChange(name, undefined);
    } catch (error) {
      status = 'unhealthy';
      this.noteChange(name, (error as Error).message);
    } finally {
      clearTimeout(timer);
    }
    return { status, responseTimeMs: Math.round(performance.now() - began) };
  }

  /** The reason goes to the log alone, once an outage: it may name hosts and folders, and the answer is public. */
  private noteChange(name: string, reason: string | undefined): void {
    if (reason === undefined) {
      if (this.failing.delete(name)) this.logger.log(`${name} is healthy again.`);
    } else if (!this.failing.has(name)) {
      this.failing.add(name);
      this.logger.warn(`${name} is unhealthy: ${reason}`);
    }
  }
}
