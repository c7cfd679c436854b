import {
  type DynamicModule,
  Global,
  Inject,
  Logger,
  Module,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleDestroy,
  Optional,
} from '@nestjs/common';
import { findConnectionShortage } from './connection-limit.js';
import { proveIsolation } from './schema/isolation-proof.js';
import { findLargeObjects } from './schema/large-objects.js';
import { PlatformDatabase, type PlatformDatabaseOptions } from './platform-database.js';
import { TENANCY_OPTIONS, type TenancyOptions } from './tenancy.options.js';
import { TenantDatabase } from './tenant-database.js';
import { TenantInterceptor } from './request/tenant.interceptor.js';
import { DatabaseTenantLookup, TenantLookup } from './resolution/tenant-lookup.js';
import { TenantResolver } from './resolution/tenant.resolver.js';
import { TenantPool } from './transaction/tenant-pool.js';
import { ProbeConnection } from './write-probe/probe-connection.js';
import { WriteProbe } from './write-probe/write-probe.js';

/**
 * The database of a service whose tenants PostgreSQL isolates. TypeORM's DataSource is not exported, because statements that
 * use it directly would run outside of a tenant's transaction.
 */
@Global()
@Module({})
export class TenancyModule
  implements OnApplicationBootstrap, OnModuleDestroy, OnApplicationShutdown
{
  constructor(
    @Optional() @Inject(TenantPool) private readonly pool?: TenantPool,
    @Optional() @Inject(PlatformDatabase) private readonly platform?: PlatformDatabase,
    @Optional() @Inject(WriteProbe) private readonly probe?: WriteProbe,
  ) {}

  /** The start fails if the server cannot be reached or does not isolate tenants (IsolationProofError). */
  static forRoot(options: TenancyOptions): DynamicModule {
    const { platformUrl, tls } = options;
    const platform =
      platformUrl === undefined
        ? []
        : [
            {
              provide: PlatformDatabase,
              // After the pool of the service's login, which is closed if this fails.
              inject: [TenantPool],
              useFactory: (pool: TenantPool) => openPlatform({ url: platformUrl, tls }, pool),
            },
          ];
    return {
      module: TenancyModule,
      providers: [
        { provide: TENANCY_OPTIONS, useValue: options },
        { provide: TenantPool, useFactory: () => openCheckedPool(options) },
        TenantDatabase,
        TenantInterceptor,
        DatabaseTenantLookup,
        {
          provide: TenantLookup,
          ...(options.lookup ?? { useExisting: DatabaseTenantLookup }),
        },
        TenantResolver,
        { provide: WriteProbe, useFactory: () => createProbe(options) },
        ...platform,
      ],
      exports: [
        TenantDatabase,
        TenantInterceptor,
        DatabaseTenantLookup,
        TenantResolver,
        WriteProbe,
        ...platform.map(({ provide }) => provide),
      ],
    };
  }

  /**
   * For a process that has the operators' login and no other, such as a command line. It connects at the first statement.
   * There is a TenantDatabase for the services to be built with, but it opens no transaction.
   */
  static forOperators(options: PlatformDatabaseOptions): DynamicModule {
    return {
      module: TenancyModule,
      providers: [
        { provide: PlatformDatabase, useFactory: () => new PlatformDatabase(options) },
        TenantDatabase,
      ],
      exports: [PlatformDatabase, TenantDatabase],
    };
  }

  /** Called by Nest before the server listens, so that the process is ready with its first request. */
  async onApplicationBootstrap(): Promise<void> {
    await this.probe?.start();
  }

  /** Called by Nest when the process begins to stop. */
  onModuleDestroy(): void {
    this.pool?.prepareClose();
    this.platform?.prepareClose();
  }

  /** Called by Nest after the requests in flight have been answered. */
  async onApplicationShutdown(): Promise<void> {
    await Promise.all([this.pool?.close(), this.platform?.close(), this.probe?.close()]);
  }
}

async function openCheckedPool(options: TenancyOptions): Promise<TenantPool> {
  const pool = await TenantPool.open(options);
  try {
    const query = async (sql: string, params?: unknown[]) =>
      (await pool.lookup(sql, params)) as Record<string, unknown>[];
    await proveIsolation(query, { login: options.login ?? 'service' });
    const warnings = [await findConnectionShortage(query, options), await findLargeObjects(query)];
    const logger = new Logger(TenancyModule.name);
    for (const warning of warnings) if (warning !== undefined) logger.warn(warning);
    return pool;
  } catch (error) {
    await pool.close();
    throw error;
  }
}

/** It connects when it is started. */
function createProbe({ serviceUrl, tls, applicationName, login }: TenancyOptions): WriteProbe {
  const connection = new ProbeConnection({
    url: serviceUrl,
    tls,
    applicationName: `${applicationName ?? 'poc-tracker-auth-service'}-health`,
    login: login ?? 'service',
  });
  return new WriteProbe(connection);
}

async function openPlatform(
  options: PlatformDatabaseOptions,
  pool: TenantPool,
): Promise<PlatformDatabase> {
  try {
    return await PlatformDatabase.open(options);
  } catch (error) {
    await pool.close();
    throw error;
  }
}
