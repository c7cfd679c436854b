import { Injectable } from '@nestjs/common';
import { FEATURE_SETTING_DEFAULTS, type FeatureSettings } from '@poc-tracker/contracts';
import { FeatureSettingsRepository } from './feature-settings.repository.js';

/** Reads the feature settings of the current transaction's tenant, without a cache. */
@Injectable()
export class FeatureSettingsService {
  constructor(private readonly settings: FeatureSettingsRepository) {}

  async read(): Promise<FeatureSettings> {
    const stored = (await this.settings.find()) ?? {};
    const { allowPublicPocs, enableCollaboration } = stored as Record<string, unknown>;
    return {
      allowPublicPocs:
        typeof allowPublicPocs === 'boolean'
          ? allowPublicPocs
          : FEATURE_SETTING_DEFAULTS.allowPublicPocs,
      enableCollaboration:
        typeof enableCollaboration === 'boolean'
          ? enableCollaboration
          : FEATURE_SETTING_DEFAULTS.enableCollaboration,
    };
  }
}
