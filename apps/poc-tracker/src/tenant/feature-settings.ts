import { Injectable } from '@nestjs/common';
import { TenantDatabase } from '@poc-tracker/tenancy';

/** The group `features` of the tenant's settings. */
export interface FeatureSettings {
  /** POCs that are made public can be read without a token. */
  allowPublicPocs: boolean;
  /** Others than the author may edit a POC. */
  enableCollaboration: boolean;
}

/** What holds where a tenant has stored nothing, or nothing that can be read; the policies of the tables say the same. */
const DEFAULTS: FeatureSettings = { allowPublicPocs: false, enableCollaboration: true };

/** The settings of the current transaction's tenant, as they are at this moment. */
@Injectable()
export class FeatureSettingsReader {
  constructor(private readonly database: TenantDatabase) {}

  async read(): Promise<FeatureSettings> {
    const [row] = await this.database.query<{ value: unknown }>(
      `SELECT setting_value AS value FROM tenant_settings WHERE setting_key = 'features'`,
    );
    const { allowPublicPocs, enableCollaboration } = (row?.value ?? {}) as Record<string, unknown>;
    return {
      allowPublicPocs:
        typeof allowPublicPocs === 'boolean' ? allowPublicPocs : DEFAULTS.allowPublicPocs,
      enableCollaboration:
        typeof enableCollaboration === 'boolean'
          ? enableCollaboration
          : DEFAULTS.enableCollaboration,
    };
  }
}
