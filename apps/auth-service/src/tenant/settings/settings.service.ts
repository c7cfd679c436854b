import { Injectable } from '@nestjs/common';
import { ApiError } from '@poc-tracker/contracts';
import type { Principal } from '@poc-tracker/auth-kit';
import { SecurityEvents } from '../../audit/security-events.js';
import { changedSettings, readSettingsChange } from './settings-change.js';
import type { TenantSettings } from './settings-catalogue.js';
import { type ResolvedSettings, resolveSettings, valuesOf } from './settings-resolution.js';
import { SettingsRepository } from './settings.repository.js';

const TIMEOUT = 'security.sessionTimeout';
const LIFETIME = 'security.sessionLifetime';

/** The settings of the current transaction's tenant. */
@Injectable()
export class SettingsService {
  constructor(
    private readonly settings: SettingsRepository,
    private readonly events: SecurityEvents,
  ) {}

  /** Every setting with the source of its value; the defaults if the tenant was deleted. */
  async resolved(): Promise<ResolvedSettings> {
    return resolveSettings(await this.settings.find());
  }

  async values(): Promise<TenantSettings> {
    return valuesOf(await this.resolved());
  }

  /**
   * Changes the given settings; null restores the default. A shorter `security.sessionTimeout` or
   * `security.sessionLifetime` also applies to active sessions, by a trigger, and a longer one only to new ones.
   * @throws ApiError VALIDATION_ERROR with the path of each wrong field; INVALID_TENANT.
   */
  async change({ tenantId }: Principal, input: object): Promise<ResolvedSettings> {
    const changes = readSettingsChange(input);
    if (changes.length === 0) return this.resolved();
    for (const change of changes) await this.settings.merge(tenantId, change);
    const resolved = await this.resolved();
    const changed = changedSettings(changes);
    assertTimeoutWithinLifetime(valuesOf(resolved).security, changed);
    await this.events.record({
      type: 'tenant.settings_changed',
      result: 'success',
      target: { type: 'tenant', id: tenantId },
      details: { changed },
    });
    return resolved;
  }
}

/**
 * Asked of the stored result and not of the change: the row is locked by then, so that two changes at once cannot each
 * agree with a value that the other one replaces.
 * @throws ApiError VALIDATION_ERROR, for the setting that was changed.
 */
function assertTimeoutWithinLifetime(
  { sessionTimeout, sessionLifetime }: TenantSettings['security'],
  changed: readonly string[],
): void {
  if (sessionTimeout <= sessionLifetime) return;
  if (changed.includes(TIMEOUT))
    throw ApiError.validation({
      field: TIMEOUT,
      message: `must not be longer than ${LIFETIME}, which is ${sessionLifetime} hours`,
    });
  if (changed.includes(LIFETIME))
    throw ApiError.validation({
      field: LIFETIME,
      message: `must not be shorter than ${TIMEOUT}, which is ${sessionTimeout} hours`,
    });
}
