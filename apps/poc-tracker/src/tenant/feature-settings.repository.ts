import { Injectable } from '@nestjs/common';
import { TenantDatabase } from '@poc-tracker/tenancy';

/** Reads the settings of the current transaction's tenant. */
@Injectable()
export class FeatureSettingsRepository {
  constructor(private readonly database: TenantDatabase) {}

  /** The stored group of features; undefined if the tenant has stored none. */
  async find(): Promise<unknown> {
    const [row] = await this.database.query<{ value: unknown }>(
      `SELECT setting_value AS value FROM tenant_settings WHERE setting_key = 'features'`,
    );
    return row?.value;
  }
}
