import { Inject, Injectable, Logger } from '@nestjs/common';
import { TenantDatabase } from '@poc-tracker/tenancy';
import { TRACKER_CONFIG, type TrackerConfig } from '../config/tracker-config.js';
import { FileStorage } from '../storage/file-storage.js';
import type { HealthResponse, ProbeResponse, ServiceHealth } from './health.response.js';

/** A check that takes longer counts as failed. */
const CHECK_TIMEOUT_MS = 2_000;

/** The address is public: however often it is asked, each check runs once in this time. */
const CACHE_MS = 1_000;

interface Cached {
  at: number;
  health: Promise<ServiceHealth>;
}

/** How the tracker and what it stands on are. Never throws: what fails is reported. */
@Injectable()
export class HealthService {
  private readonly logger = new Logger(HealthService.name);
  private readonly cache = new Map<string, Cached>();

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

  private examine(name: string, probe: () => Promise<void>): Promise<ServiceHealth> {
    const cached = this.cache.get(name);
    if (cached !== undefined && Date.now() - cached.at < CACHE_MS) return cached.health;
    const health = this.run(name, probe);
    this.cache.set(name, { at: Date.now(), health });
    return health;
  }

  /** The reason goes to the log alone: it may name hosts and folders, and the answer is public. */
  private async run(name: string, probe: () => Promise<void>): Promise<ServiceHealth> {
    const began = performance.now();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error('It did not answer in time.')), CHECK_TIMEOUT_MS);
    });
    let status: ServiceHealth['status'] = 'healthy';
    try {
      await Promise.race([probe(), late]);
    } catch (error) {
      status = 'unhealthy';
      this.logger.warn(`${name} is unhealthy: ${(error as Error).message}`);
    } finally {
      clearTimeout(timer);
    }
    return { status, responseTimeMs: Math.round(performance.now() - began) };
  }
}
