import { Injectable } from '@nestjs/common';
import { TenantDatabase } from '@poc-tracker/tenancy';
import type { TenantDomainRow } from './tenant-domain.response.js';

const DOMAINS = `
  SELECT d.id, d.domain, d.token, d.requested_at AS "requestedAt", d.verified_at AS "verifiedAt",
         coalesce(t.branding ->> 'custom_domain' = d.domain, false) AS "isCurrent"
    FROM tenant_domains d JOIN tenants t ON t.id = d.tenant_id` as const;

/** Domains of the current transaction's tenant. */
@Injectable()
export class TenantDomainRepository {
  constructor(private readonly database: TenantDatabase) {}

  /** Locks the tenant until the transaction ends, so that parallel requests cannot exceed the number of domains. */
  async lockForAdding(): Promise<void> {
    await this.database.query('SELECT FROM tenants FOR NO KEY UPDATE');
  }

  list(): Promise<TenantDomainRow[]> {
    return this.database.query<TenantDomainRow>(`${DOMAINS} ORDER BY d.domain`);
  }

  async findById(id: string): Promise<TenantDomainRow | undefined> {
    const [row] = await this.database.query<TenantDomainRow>(`${DOMAINS} WHERE d.id = $1`, [id]);
    return row;
  }

  /** A domain that the tenant has added before stays as it is: its proof may be in the DNS already. */
  async insert(tenantId: string, domain: string, token: string): Promise<TenantDomainRow> {
    await this.database.query(
      `INSERT INTO tenant_domains (tenant_id, domain, token) VALUES ($1, $2, $3)
       ON CONFLICT (tenant_id, domain) DO NOTHING`,
      [tenantId, domain, token],
    );
    const [row] = await this.database.query<TenantDomainRow>(`${DOMAINS} WHERE d.domain = $1`, [
      domain,
    ]);
    if (row === undefined) throw new Error('The inserted domain was not found.');
    return row;
  }

  /** From then on it resolves to the tenant. @throws the database's refusal if another tenant has verified it (DOMAIN_TAKEN). */
  async markVerified(id: string): Promise<boolean> {
    const rows = await this.database.query(
      `UPDATE tenant_domains SET verified_at = clock_timestamp() WHERE id = $1 AND verified_at IS NULL RETURNING id`,
      [id],
    );
    return rows.length === 1;
  }

  async delete(id: string): Promise<string | undefined> {
    const [row] = await this.database.query<{ domain: string }>(
      'DELETE FROM tenant_domains WHERE id = $1 RETURNING domain',
      [id],
    );
    return row?.domain;
  }
}
