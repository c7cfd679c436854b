import { Injectable } from '@nestjs/common';
import { FEATURE_SETTING_DEFAULTS, type FeatureSettings } from '@poc-tracker/contracts';
import { TenantDatabase } from '@poc-tracker/tenancy';

/** Reads the feature settings of the current transaction's tenant, without a cache. */
@Injectable()
export class FeatureSettingsRepository {
  constructor(private readonly database: TenantDatabase) {}

  async read(): Promise<FeatureSettings> {
    const [row] = await this.database.query<{ value: unknown }>(
      `SELECT setting_value AS value FROM tenant_settings WHERE setting_key = 'features'`,
    );
    const { allowPublicPocs, enableCollaboration } = (row?.value ?? {}) as Record<string, unknown>;
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
