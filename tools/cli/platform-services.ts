import { EnvironmentReader } from '@poc-tracker/http-service';
import { PlatformLifecycleService } from '../../apps/auth-service/src/platform/tenants/platform-lifecycle.service.js';
import { PlatformTenantService } from '../../apps/auth-service/src/platform/tenants/platform-tenant.service.js';
import { ARGON2_DEFAULTS } from '../../apps/auth-service/src/config/argon2-settings.js';
import { PasswordHasher } from '../../apps/auth-service/src/protection/password.hasher.js';
import { EntitlementService } from '../../apps/auth-service/src/tenant/entitlements/entitlement.service.js';
import { TenantLifecycleService } from '../../apps/auth-service/src/tenant/lifecycle/tenant-lifecycle.service.js';
import { TenantPurgeService } from '../../apps/auth-service/src/tenant/lifecycle/tenant-purge.service.js';
import type { CliContext } from './cli.context.js';
import { NO_TENANT_DATABASE } from './no-tenant-database.js';

/** The service's defaults; whoever logs in has a weaker hash renewed. */
const PASSWORDS = { ...ARGON2_DEFAULTS, concurrency: 1 };

/**
 * The very services behind the platform's routes, on the command line's connection. In a file of its own, which the
 * commands load when they are run: it brings Nest and Swagger, for which `--help` need not wait.
 */
export function platformServices(context: CliContext): {
  tenants: PlatformTenantService;
  lifecycle: PlatformLifecycleService;
} {
  const platform = context.platform();
  const events = context.trail();
  const entitlements = new EntitlementService(NO_TENANT_DATABASE);
  const hasher = new PasswordHasher({ passwords: PASSWORDS });
  const reader = new EnvironmentReader(context.env);
  const restoreDays = reader.integer('TENANT_RESTORE_DAYS', 30, { min: 1, max: 3_650 });
  reader.assertValid();
  const lifecycle = new TenantLifecycleService(
    { tenancy: { restoreDays } },
    NO_TENANT_DATABASE,
    events,
  );
  return {
    tenants: new PlatformTenantService(platform, events, entitlements, hasher),
    lifecycle: new PlatformLifecycleService(
      platform,
      events,
      lifecycle,
      new TenantPurgeService(platform, events),
    ),
  };
}
