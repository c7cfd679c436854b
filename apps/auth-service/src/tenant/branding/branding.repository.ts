import { Injectable } from '@nestjs/common';
import { TenantDatabase } from '@poc-tracker/tenancy';
import type { UpdateTenantDto } from './branding.dto.js';

/* `||` keeps the other keys of the branding, such as custom_domain: only a verified domain sets that one. */
const UPDATE = `
  UPDATE tenants
     SET name = coalesce($1, name),
         branding = branding || $2,
         billing_email = CASE WHEN $3 THEN $4 ELSE billing_email END`;

/** The name and the branding of the current transaction's tenant. Policies hide all others, so no statement names it. */
@Injectable()
export class BrandingRepository {
  constructor(private readonly database: TenantDatabase) {}

  /** Updates the given fields. */
  async update({ name, branding = {}, billingEmail }: UpdateTenantDto): Promise<void> {
    const brandingRow = {
      ...(branding.logoUrl !== undefined && { logo_url: branding.logoUrl }),
      ...(branding.primaryColor !== undefined && { primary_color: branding.primaryColor }),
    };
    await this.database.query(UPDATE, [
      name ?? null,
      JSON.stringify(brandingRow),
      billingEmail !== undefined,
      billingEmail ?? null,
    ]);
  }
}
