import { type DynamicModule, Module, type Provider } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ConfigModule, EnvironmentReader, readEnvironment } from '@poc-tracker/http-service';
import { shareRedis } from '@poc-tracker/redis';
import {
  PlatformDatabase,
  type PlatformDatabaseOptions,
  TenancyModule,
  TenantDatabase,
} from '@poc-tracker/tenancy';
import { SecurityEvents } from '../../apps/auth-service/src/audit/security-events.js';
import { TenantCreationService } from '../../apps/auth-service/src/auth/signup/tenant-creation.service.js';
import {
  APP_CONFIG,
  type AppConfig,
  readRestoreDays,
  readTemporaryPasswordHours,
} from '../../apps/auth-service/src/config/app-config.js';
import { readArgon2Parameters } from '../../apps/auth-service/src/config/argon2-settings.js';
import type { DataKey } from '../../apps/auth-service/src/config/data-keys.js';
import { EnrolledSessionRepository } from '../../apps/auth-service/src/factor/enrolled-session.repository.js';
import { FactorNotices } from '../../apps/auth-service/src/factor/factor-notices.js';
import { FactorRepository } from '../../apps/auth-service/src/factor/factor.repository.js';
import { FactorService } from '../../apps/auth-service/src/factor/factor.service.js';
import { RecoveryCodeRepository } from '../../apps/auth-service/src/factor/recovery/recovery-code.repository.js';
import { RecoveryCodeService } from '../../apps/auth-service/src/factor/recovery/recovery-code.service.js';
import { MailOperationsRepository } from '../../apps/auth-service/src/mail/operators/mail-operations.repository.js';
import { MailOperationsService } from '../../apps/auth-service/src/mail/operators/mail-operations.service.js';
import { MailContents } from '../../apps/auth-service/src/mail/outbox/mail-content.js';
import { MailOutbox } from '../../apps/auth-service/src/mail/outbox/mail-outbox.js';
import { MailOutboxRepository } from '../../apps/auth-service/src/mail/outbox/mail-outbox.repository.js';
import { MailWake } from '../../apps/auth-service/src/mail/outbox/mail-wake.js';
import { OperatorAccess } from '../../apps/auth-service/src/platform/access/operator-access.js';
import { OperatorAccessRepository } from '../../apps/auth-service/src/platform/access/operator-access.repository.js';
import { ServiceClientRepository } from '../../apps/auth-service/src/platform/clients/service-client.repository.js';
import { ServiceClientService } from '../../apps/auth-service/src/platform/clients/service-client.service.js';
import { OperatorFactorsService } from '../../apps/auth-service/src/platform/operators/operator-factors.service.js';
import { OperatorRepository } from '../../apps/auth-service/src/platform/operators/operator.repository.js';
import { OperatorService } from '../../apps/auth-service/src/platform/operators/operator.service.js';
import { OperatorsTenantService } from '../../apps/auth-service/src/platform/operators/operators-tenant.service.js';
import { AdminPasswordRepository } from '../../apps/auth-service/src/platform/tenants/admin-password.repository.js';
import { AdminPasswordService } from '../../apps/auth-service/src/platform/tenants/admin-password.service.js';
import { PlatformLifecycleService } from '../../apps/auth-service/src/platform/tenants/platform-lifecycle.service.js';
import { PlatformTenantRepository } from '../../apps/auth-service/src/platform/tenants/platform-tenant.repository.js';
import { PlatformTenantService } from '../../apps/auth-service/src/platform/tenants/platform-tenant.service.js';
import { PlatformUsageRepository } from '../../apps/auth-service/src/platform/tenants/platform-usage.repository.js';
import { PlatformUsageService } from '../../apps/auth-service/src/platform/tenants/platform-usage.service.js';
import { DataCipher } from '../../apps/auth-service/src/protection/data-cipher.js';
import { AccountLock } from '../../apps/auth-service/src/protection/lockout/account-lock.js';
import { PasswordHasher } from '../../apps/auth-service/src/protection/passwords/password.hasher.js';
import { PasswordPolicy } from '../../apps/auth-service/src/protection/passwords/password.policy.js';
import { LoginAttempts } from '../../apps/auth-service/src/rate-limits/login-attempts.js';
import { RedisConnection } from '../../apps/auth-service/src/redis/redis.connection.js';
import { Clock } from '../../apps/auth-service/src/session/clock.js';
import { SessionRevocationService } from '../../apps/auth-service/src/session/session-revocation.service.js';
import { SessionRepository } from '../../apps/auth-service/src/session/session.repository.js';
import { EntitlementRepository } from '../../apps/auth-service/src/tenant/entitlements/entitlement.repository.js';
import { EntitlementService } from '../../apps/auth-service/src/tenant/entitlements/entitlement.service.js';
import { TenantLifecycleRepository } from '../../apps/auth-service/src/tenant/lifecycle/tenant-lifecycle.repository.js';
import { TenantLifecycleService } from '../../apps/auth-service/src/tenant/lifecycle/tenant-lifecycle.service.js';
import { TenantPurgeRepository } from '../../apps/auth-service/src/tenant/lifecycle/tenant-purge.repository.js';
import { TenantPurgeService } from '../../apps/auth-service/src/tenant/lifecycle/tenant-purge.service.js';
import { SettingsRepository } from '../../apps/auth-service/src/tenant/settings/settings.repository.js';
import { SettingsService } from '../../apps/auth-service/src/tenant/settings/settings.service.js';
import { TenantRepository } from '../../apps/auth-service/src/tenant/tenant.repository.js';
import { TenantService } from '../../apps/auth-service/src/tenant/tenant.service.js';
import { AccountUnlockService } from '../../apps/auth-service/src/user/account-unlock.service.js';
import { AdminMails } from '../../apps/auth-service/src/user/admins/admin-mails.js';
import { AdminRepository } from '../../apps/auth-service/src/user/admins/admin.repository.js';
import { UserDirectoryRepository } from '../../apps/auth-service/src/user/user-directory.repository.js';
import { UserMails } from '../../apps/auth-service/src/user/user-mails.js';
import { UserRepository } from '../../apps/auth-service/src/user/user.repository.js';
import { UserService } from '../../apps/auth-service/src/user/user.service.js';

/** The part of the service's configuration that these services use. They need no keys and no login of tenants. */
interface CliConfig {
  passwords: AppConfig['passwords'];
  tenancy: Pick<AppConfig['tenancy'], 'restoreDays'>;
  redis: AppConfig['redis'];
  /** None for a command that neither encrypts nor sends anything. */
  dataKeys: AppConfig['dataKeys'];
}

/** Their key derives from a secret that the command line does not have. They end by themselves, after 15 minutes. */
const ATTEMPTS_THAT_STAY: Pick<LoginAttempts, 'reset'> = { reset: () => Promise.resolve() };

/**
 * What sends mails, which are encrypted, and what removes the factors of a user and tells them. A worker of the service
 * sends the mails that this process adds.
 */
const PROVIDERS_WITH_KEYS: Provider[] = [
  provide(DataCipher, [APP_CONFIG]),
  MailOutboxRepository,
  provide(MailContents, [DataCipher]),
  MailWake,
  provide(MailOutbox, [MailOutboxRepository, MailContents, MailWake, SecurityEvents]),
  provide(UserMails, [MailOutbox]),
  AdminRepository,
  provide(AdminMails, [AdminRepository, UserMails]),
  provide(FactorNotices, [UserMails, UserService, TenantDatabase]),
  provide(FactorRepository, [TenantDatabase]),
  provide(EnrolledSessionRepository, [TenantDatabase]),
  provide(RecoveryCodeRepository, [TenantDatabase]),
  provide(RecoveryCodeService, [RecoveryCodeRepository, FactorRepository, SecurityEvents]),
  provide(FactorService, [
    FactorRepository,
    EnrolledSessionRepository,
    RecoveryCodeService,
    TenantService,
    FactorNotices,
    SecurityEvents,
  ]),
  provide(OperatorFactorsService, [
    OperatorRepository,
    OperatorsTenantService,
    FactorService,
    SessionRevocationService,
    SecurityEvents,
  ]),
];

/** Without keys, admins get no mails about accesses of operators, only entries in their audit log. */
const NO_ADMIN_MAILS: Provider = {
  provide: AdminMails,
  useValue: { add: () => Promise.resolve() },
};

/**
 * The services behind the routes under /platform, on the operators' login alone. It does not import the modules of the
 * service: they would bring routes, guards and scheduled jobs, and need a signing key and the login of the service.
 */
@Module({})
class CliModule {
  static for(
    config: CliConfig,
    database: PlatformDatabaseOptions,
    { client, outages }: RedisConnection,
  ): DynamicModule {
    return {
      module: CliModule,
      imports: [ConfigModule.of(APP_CONFIG, config), TenancyModule.forOperators(database)],
      providers: [
        provide(Clock, [TenantDatabase]),
        PasswordPolicy,
        provide(PasswordHasher, [APP_CONFIG]),
        provide(SecurityEvents, [TenantDatabase]),
        provide(SettingsRepository, [TenantDatabase]),
        provide(SettingsService, [SettingsRepository]),
        provide(TenantRepository, [TenantDatabase]),
        provide(TenantService, [TenantRepository, SettingsService]),
        provide(EntitlementRepository, [TenantDatabase]),
        provide(EntitlementService, [EntitlementRepository]),
        provide(TenantLifecycleRepository, [PlatformDatabase]),
        provide(TenantLifecycleService, [
          APP_CONFIG,
          TenantLifecycleRepository,
          TenantRepository,
          SecurityEvents,
        ]),
        provide(TenantPurgeRepository, [PlatformDatabase]),
        provide(TenantPurgeService, [PlatformDatabase, TenantPurgeRepository, SecurityEvents]),
        provide(UserRepository, [TenantDatabase]),
        provide(UserDirectoryRepository, [TenantDatabase]),
        provide(UserService, [APP_CONFIG, UserRepository, UserDirectoryRepository]),
        provide(SessionRepository, [TenantDatabase]),
        provide(SessionRevocationService, [
          SessionRepository,
          Clock,
          TenantDatabase,
          SecurityEvents,
        ]),
        provide(TenantCreationService, [
          TenantService,
          UserService,
          PasswordPolicy,
          PasswordHasher,
          SecurityEvents,
        ]),
        provide(OperatorsTenantService, [PlatformDatabase, TenantService]),
        provide(OperatorRepository, [PlatformDatabase]),
        provide(OperatorService, [
          OperatorRepository,
          OperatorsTenantService,
          UserService,
          SessionRevocationService,
          SecurityEvents,
        ]),
        ...(config.dataKeys.length === 0 ? [NO_ADMIN_MAILS] : PROVIDERS_WITH_KEYS),
        provide(ServiceClientRepository, [PlatformDatabase]),
        provide(ServiceClientService, [
          ServiceClientRepository,
          OperatorsTenantService,
          SecurityEvents,
        ]),
        OperatorAccessRepository,
        provide(OperatorAccess, [OperatorAccessRepository, SecurityEvents, AdminMails]),
        provide(PlatformTenantRepository, [PlatformDatabase]),
        provide(PlatformTenantService, [
          PlatformDatabase,
          PlatformTenantRepository,
          SecurityEvents,
          OperatorAccess,
          EntitlementService,
          TenantCreationService,
        ]),
        // Not the connection itself, which Nest would open for every command.
        { provide: RedisConnection, useValue: { client, outages } },
        provide(AccountLock, [RedisConnection]),
        { provide: LoginAttempts, useValue: ATTEMPTS_THAT_STAY },
        provide(AccountUnlockService, [AccountLock, LoginAttempts, SecurityEvents]),
        AdminPasswordRepository,
        provide(AdminPasswordService, [
          PlatformDatabase,
          AdminPasswordRepository,
          UserService,
          SessionRevocationService,
          PasswordHasher,
          AccountUnlockService,
          SecurityEvents,
        ]),
        provide(MailOperationsRepository, [PlatformDatabase]),
        provide(MailOperationsService, [
          PlatformDatabase,
          MailOperationsRepository,
          SecurityEvents,
        ]),
        provide(PlatformUsageRepository, [PlatformDatabase]),
        provide(PlatformUsageService, [PlatformDatabase, PlatformUsageRepository, OperatorAccess]),
        provide(PlatformLifecycleService, [
          PlatformDatabase,
          PlatformTenantService,
          PlatformTenantRepository,
          OperatorAccess,
          TenantLifecycleService,
          TenantPurgeService,
        ]),
      ],
    };
  }
}

/** The services that the commands call. */
export interface CliServices {
  readonly platform: PlatformDatabase;
  readonly tenants: PlatformTenantService;
  readonly adminPasswords: AdminPasswordService;
  readonly usage: PlatformUsageService;
  readonly lifecycle: PlatformLifecycleService;
  readonly operators: OperatorService;
  /** @throws Error unless the services were opened with data keys, which encrypt the mail to the operator. */
  readonly operatorFactors: () => OperatorFactorsService;
  readonly clients: ServiceClientService;
  readonly mails: MailOperationsService;
  /** Not connected yet. */
  readonly redis: RedisConnection;
  /** Closes the connections. */
  close(): Promise<void>;
}

/**
 * Builds the services. They connect at the first statement.
 * @param dataKeys those of the service. Without any, admins get no mails about accesses of operators, only entries.
 * @throws ConfigurationError that names every wrong variable.
 */
export async function openCliServices(
  env: NodeJS.ProcessEnv,
  dataKeys: readonly DataKey[],
  database: PlatformDatabaseOptions,
): Promise<CliServices> {
  const config = { ...readCliConfig(env), dataKeys };
  const redis = new RedisConnection(shareRedis(config.redis.url, 'poc-tracker-cli'));
  const module = CliModule.for(config, database, redis);
  const context = await NestFactory.createApplicationContext(module, {
    logger: false,
    abortOnError: false,
  });
  return {
    platform: context.get(PlatformDatabase),
    tenants: context.get(PlatformTenantService),
    adminPasswords: context.get(AdminPasswordService),
    usage: context.get(PlatformUsageService),
    lifecycle: context.get(PlatformLifecycleService),
    operators: context.get(OperatorService),
    operatorFactors: () => context.get(OperatorFactorsService),
    clients: context.get(ServiceClientService),
    mails: context.get(MailOperationsService),
    redis,
    close: async () => {
      await redis.onApplicationShutdown();
      await context.close();
    },
  };
}

function readCliConfig(env: NodeJS.ProcessEnv): Omit<CliConfig, 'dataKeys'> {
  const reader = new EnvironmentReader(env);
  // In production, the connection verifies TLS: a misspelled NODE_ENV must not switch that off.
  readEnvironment(reader);
  const config = {
    passwords: {
      ...readArgon2Parameters(reader),
      concurrency: 1,
      temporaryHours: readTemporaryPasswordHours(reader),
    },
    tenancy: { restoreDays: readRestoreDays(reader) },
    redis: { url: reader.url('REDIS_URL', ['redis', 'rediss'], 'redis://127.0.0.1:6379') },
  };
  reader.assertValid();
  return config;
}

type Dependencies<Parameters extends readonly unknown[]> = {
  [Index in keyof Parameters]: (abstract new (...args: never[]) => Parameters[Index]) | symbol;
};

/**
 * A provider that names its dependencies. Nest would read them from the types of the constructor, which tsx does not emit;
 * here the compiler compares the two.
 */
function provide<Service, Parameters extends unknown[]>(
  service: new (...parameters: Parameters) => Service,
  dependencies: Dependencies<Parameters>,
): Provider {
  return {
    provide: service,
    inject: [...dependencies],
    useFactory: (...parameters: Parameters) => new service(...parameters),
  };
}
