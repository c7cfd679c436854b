import type pg from 'pg';

/** A plan node of EXPLAIN (FORMAT JSON). */
export interface PlanNode {
  'Node Type': string;
  'Relation Name'?: string;
  'Index Name'?: string;
  'Index Cond'?: string;
  'Recheck Cond'?: string;
  Plans?: PlanNode[];
}

/** How a plan accesses a table. */
export interface Access {
  table: string;
  how: string;
  index: string | null;
  condition: string | null;
}

/**
 * Collects the plans of all statements on this connection, including those inside functions, which EXPLAIN does not
 * show. Loading the module and its settings requires a superuser; statements that run later with another role are
 * collected as well.
 */
export class PlanWatch {
  private plans: PlanNode[] = [];

  private constructor(private readonly client: pg.Client) {
    client.on('notice', ({ message }) => {
      const json = message?.slice(message.indexOf('{')) ?? '';
      if (message?.includes('plan:') === true)
        this.plans.push((JSON.parse(json) as { Plan: PlanNode }).Plan);
    });
  }

  static async on(client: pg.Client): Promise<PlanWatch> {
    await client.query(`
      LOAD 'auto_explain';
      SET auto_explain.log_level = 'notice';
      SET auto_explain.log_nested_statements = on;
      SET auto_explain.log_format = 'json';
      SET auto_explain.log_min_duration = -1`);
    return new PlanWatch(client);
  }

  /** The plans of the statements that `work` sends. */
  async during(work: () => Promise<unknown>): Promise<PlanNode[]> {
    this.plans = [];
    await this.client.query('SET auto_explain.log_min_duration = 0');
    try {
      await work();
    } finally {
      await this.client.query('SET auto_explain.log_min_duration = -1');
    }
    return this.plans;
  }
}

/** Returns every table that the plans access, with the index and its condition. */
export function accessesOf(plans: readonly PlanNode[]): Access[] {
  return plans.flatMap((node) => collect(node, null));
}

function collect(node: PlanNode, heap: string | null): Access[] {
  const table = node['Relation Name'] ?? heap;
  const below = (node.Plans ?? []).flatMap((child) => collect(child, table));
  const how = node['Node Type'];
  // The index scan below the bitmap has the condition.
  if (!how.includes('Scan') || how === 'Bitmap Heap Scan' || table === null) return below;
  if (['Subquery Scan', 'Function Scan', 'CTE Scan', 'Values Scan'].includes(how)) return below;
  const access = {
    table,
    how,
    index: node['Index Name'] ?? null,
    condition: node['Index Cond'] ?? null,
  };
  return [access, ...below];
}
