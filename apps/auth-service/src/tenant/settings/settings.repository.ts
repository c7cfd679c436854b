import { Injectable } from '@nestjs/common';
import { TenantDatabase } from '@poc-tracker/tenancy';
import type { GroupChange } from './settings-change.js';
import type { StoredGroup } from './settings-resolution.js';

export const SETTINGS =
  'SELECT setting_key AS key, setting_value AS value, chosen FROM tenant_settings';

/* Merged by the database, so that two parallel changes of one group are both kept. */
const MERGE = `
  INSERT INTO tenant_settings AS s (tenant_id, setting_key, setting_value, chosen) VALUES ($1, $2, $3, $4)
  ON CONFLICT (tenant_id, setting_key) DO UPDATE
     SET setting_value = CASE jsonb_typeof(s.setting_value) WHEN 'object' THEN s.setting_value ELSE '{}' END || $3,
         chosen = ARRAY(SELECT unnest(s.chosen || $4::text[]) EXCEPT SELECT unnest($5::text[]) ORDER BY 1)`;

/** Settings of the current transaction's tenant. */
@Injectable()
export class SettingsRepository {
  constructor(private readonly database: TenantDatabase) {}

  /** The stored groups; none if the tenant was deleted. */
  async find(): Promise<StoredGroup[]> {
    return this.database.query<StoredGroup>(SETTINGS);
  }

  async merge(tenantId: string, { group, values, chosen, reset }: GroupChange): Promise<void> {
    await this.database.query(MERGE, [tenantId, group, JSON.stringify(values), chosen, reset]);
  }
}
