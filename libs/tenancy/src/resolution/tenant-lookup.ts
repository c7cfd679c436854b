import { Injectable } from '@nestjs/common';
import type { TenantSnapshot } from '@poc-tracker/contracts';
import { TenantDatabase } from '../tenant-database.js';
import type { TenantReference } from './tenant-naming.js';
import { type TenantRow, toTenantSnapshot } from './tenant-snapshot.js';

/** Finds the tenant of a reference, whatever its status. */
export abstract class TenantLookup {
  abstract find(reference: TenantReference): Promise<TenantSnapshot | undefined>;
}

/** Queries PostgreSQL each time. */
@Injectable()
export class DatabaseTenantLookup implements TenantLookup {
  constructor(private readonly database: TenantDatabase) {}

  async find(reference: TenantReference): Promise<TenantSnapshot | undefined> {
    const { id, subdomain, domain }: { id?: string; subdomain?: string; domain?: string } =
      reference;
    const [row] = await this.database.lookup<TenantRow>(
      'SELECT * FROM resolve_tenant($1, $2, $3)',
      [id ?? null, subdomain ?? null, domain ?? null],
    );
    return row && toTenantSnapshot(row);
  }
}
