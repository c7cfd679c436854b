import type { QueryConfig } from 'pg';

/** Every connection keeps what it prepared; the bound holds against SQL that is built per call. */
const MAX_PREPARED = 200;

/**
 * Gives each fixed SQL text the name under which connections prepare it, which saves PostgreSQL parsing and planning
 * it again. Switched off it leaves nothing behind on a connection, as a transaction pooler before PgBouncer 1.21 needs.
 */
export class StatementNames {
  private readonly names = new Map<string, string>();

  constructor(private readonly enabled: boolean) {}

  config(text: string, values: unknown[] | undefined): QueryConfig {
    if (values === undefined) return { text };
    const name = this.nameOf(text);
    return name === undefined ? { text, values } : { name, text, values };
  }

  private nameOf(text: string): string | undefined {
    if (!this.enabled) return undefined;
    const known = this.names.get(text);
    if (known !== undefined || this.names.size >= MAX_PREPARED) return known;
    const name = `tenancy_${this.names.size + 1}`;
    this.names.set(text, name);
    return name;
  }
}
