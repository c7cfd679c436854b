import type { QueryConfig } from 'pg';

/** Every connection keeps its prepared statements, so SQL that is built per call must not add more and more. */
const MAX_PREPARED = 200;

/**
 * Assigns a name to each fixed SQL text, under which connections prepare it, so that PostgreSQL parses it once. Disabled for
 * transaction poolers without prepared statements (PgBouncer before 1.21).
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
