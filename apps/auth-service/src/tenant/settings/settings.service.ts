import { Injectable } from '@nestjs/common';
import type { Principal } from '@poc-tracker/auth-kit';
import { SecurityEvents } from '../../audit/security-events.js';
import { changedSettings, readSettingsChange } from './settings-change.js';
import type { TenantSettings } from './settings-catalogue.js';
import { type ResolvedSettings, resolveSettings, valuesOf } from './settings-resolution.js';
import { SettingsRepository } from './settings.repository.js';

/** The settings of the current transaction's tenant. */
@Injectable()
export class SettingsService {
  constructor(
    private readonly settings: SettingsRepository,
    private readonly events: SecurityEvents,
  ) {}

  /** Every setting with the source of its value; the defaults if the tenant was deleted. */
  async resolved(): Promise<ResolvedSettings> {
    const { groups, plan } = (await this.settings.find()) ?? { groups: [], plan: 'basic' };
    return resolveSettings(groups, plan);
  }

  async values(): Promise<TenantSettings> {
    return valuesOf(await this.resolved());
  }

  /**
   * Changes the given settings; null restores the inherited value. A shorter `security.sessionTimeout` also applies to
   * active sessions, a longer one only to new ones.
   * @throws ApiError VALIDATION_ERROR with the path of each wrong field; INVALID_TENANT.
   */
  async change({ tenantId }: Principal, input: object): Promise<ResolvedSettings> {
    const changes = readSettingsChange(input);
    if (changes.length === 0) return this.resolved();
    for (const change of changes) await this.settings.merge(tenantId, change);
    const resolved = await this.resolved();
    const changed = changedSettings(changes);
    if (changed.includes('security.sessionTimeout'))
      await this.settings.shortenSessions(valuesOf(resolved).security.sessionTimeout);
    await this.events.record({
      type: 'tenant.settings_changed',
      result: 'success',
      target: { type: 'tenant', id: tenantId },
      details: { changed },
    });
    return resolved;
  }
}
