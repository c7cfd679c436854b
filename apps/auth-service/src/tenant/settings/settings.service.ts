import { Injectable } from '@nestjs/common';
import type { Principal } from '@poc-tracker/auth-kit';
import { SecurityEvents } from '../../audit/security-events.js';
import { changedSettings, readSettingsChange } from './settings-change.js';
import type { TenantSettings } from './settings-catalogue.js';
import { type ResolvedSettings, resolveSettings, valuesOf } from './settings-resolution.js';
import { SettingsRepository } from './settings.repository.js';

/** What a tenant sets for itself, in the current transaction. */
@Injectable()
export class SettingsService {
  constructor(
    private readonly settings: SettingsRepository,
    private readonly events: SecurityEvents,
  ) {}

  /** Every setting and where its value comes from. The defaults, when the tenant is gone. */
  async resolved(): Promise<ResolvedSettings> {
    const { groups, plan } = (await this.settings.find()) ?? { groups: [], plan: 'basic' };
    return resolveSettings(groups, plan);
  }

  /** The values alone. */
  async values(): Promise<TenantSettings> {
    return valuesOf(await this.resolved());
  }

  /**
   * Changes the settings that are named; null sets one back to what is inherited. A shorter
   * `security.sessionTimeout` applies to running sessions as well, a longer one to new sessions alone.
   * @throws ApiError VALIDATION_ERROR naming each wrong field by its path; INVALID_TENANT.
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
