import { Injectable } from '@nestjs/common';
import type { TenantSettings } from './settings-catalogue.js';
import { type ResolvedSettings, resolveSettings, valuesOf } from './settings-resolution.js';
import { SettingsRepository } from './settings.repository.js';

/** The settings of the current transaction's tenant. */
@Injectable()
export class SettingsService {
  constructor(private readonly settings: SettingsRepository) {}

  /** Every setting with the source of its value; the defaults if the tenant was deleted. */
  async resolved(): Promise<ResolvedSettings> {
    return resolveSettings(await this.settings.find());
  }

  async values(): Promise<TenantSettings> {
    return valuesOf(await this.resolved());
  }
}
