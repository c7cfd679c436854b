import type { Plan } from '@poc-tracker/contracts';
import { Injectable } from '@nestjs/common';
import { TenantDatabase } from '@poc-tracker/tenancy';
import type { GroupChange } from './settings-change.js';
import type { StoredGroup } from './settings-resolution.js';

interface SettingsRow {
  plan: Plan;
  key: string | null;
  value: unknown;
  chosen: string[] | null;
}

export const SETTINGS = `
  SELECT t.plan_type AS plan, s.setting_key AS key, s.setting_value AS value, s.chosen
    FROM tenants t LEFT JOIN tenant_settings s ON s.tenant_id = t.id`;

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

  /** The stored settings and the plan of the tenant; undefined if the tenant was deleted. */
  async find(): Promise<{ plan: Plan; groups: StoredGroup[] } | undefined> {
    const rows = await this.database.query<SettingsRow>(SETTINGS);
    const [first] = rows;
    if (first === undefined) return undefined;
    const groups = rows.flatMap(({ key, value, chosen }) =>
      key === null ? [] : [{ key, value, chosen: chosen ?? [] }],
    );
    return { plan: first.plan, groups };
  }

  async merge(tenantId: string, { group, values, chosen, reset }: GroupChange): Promise<void> {
    await this.database.query(MERGE, [tenantId, group, JSON.stringify(values), chosen, reset]);
  }

  /** Applies a shorter timeout to the active sessions. A session that is older than the timeout expires at once. */
  async shortenSessions(hours: number): Promise<void> {
    await this.database.query('SELECT shorten_sessions($1)', [hours]);
  }
}
