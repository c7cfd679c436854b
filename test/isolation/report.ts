/** The result of one statement of an attack. */
export interface Outcome {
  /** A few words for the table: `2 rows`, `refused`. */
  text: string;
  /** Why this is a leak, or why the attack proves nothing; undefined if the database refused it. */
  fault?: string;
}

/** The result of attacking one numbered requirement or one HTTP route. */
export interface Finding {
  id: string;
  attempt: string;
  result: string;
  passed: boolean;
}

/** Who asks for the victim's rows; the order is that of the report's columns. */
export const ASKERS = ['right tenant', 'wrong tenant', 'no tenant', 'spent transaction'] as const;
export type Asker = (typeof ASKERS)[number];

/** What one command on another user's rows needs, in the tenant itself. */
export interface PermissionOutcome {
  table: string;
  command: string;
  need: string;
  /** Empty if the command needs exactly this. */
  faults: readonly string[];
}

interface Row {
  table: string;
  operation: string;
  outcomes: Partial<Record<Asker, Outcome>>;
}

/** Collects the results of the attacks. */
export class IsolationReport {
  private readonly rows: Row[] = [];
  private readonly permissions: PermissionOutcome[] = [];
  private readonly findings: Finding[] = [];

  recordStatement(table: string, operation: string, asker: Asker, outcome: Outcome): void {
    let row = this.rows.find((known) => known.table === table && known.operation === operation);
    if (row === undefined) {
      row = { table, operation, outcomes: {} };
      this.rows.push(row);
    }
    row.outcomes[asker] = outcome;
  }

  recordPermission(outcome: PermissionOutcome): void {
    this.permissions.push(outcome);
  }

  recordFinding(finding: Finding): void {
    this.findings.push(finding);
  }

  /** One sentence for each fault; empty if every attack failed. */
  get faults(): string[] {
    const ofTables = this.rows.flatMap((row) =>
      ASKERS.flatMap((asker) => {
        const fault = row.outcomes[asker]?.fault;
        return fault === undefined ? [] : [`${row.table} ${row.operation}, ${asker}: ${fault}`];
      }),
    );
    const ofFindings = this.findings
      .filter((finding) => !finding.passed)
      .map((finding) => `${finding.id}: ${finding.attempt}: ${finding.result}`);
    const ofPermissions = this.permissions.flatMap(({ table, command, faults }) =>
      faults.map((fault) => `${table} ${command}: ${fault}`),
    );
    return [...ofTables, ...ofPermissions, ...ofFindings];
  }

  toString(): string {
    const { faults } = this;
    const attempts = this.rows.reduce((sum, row) => sum + Object.keys(row.outcomes).length, 0);
    const verdict =
      faults.length === 0
        ? `Isolated: ${attempts} attacks on ${new Set(this.rows.map((row) => row.table)).size} tables and ` +
          `${this.findings.length} requirements passed, and ${this.permissions.length} commands need exactly their permission.`
        : `LEAKS: ${faults.length}\n${faults.map((fault) => `  ${fault}`).join('\n')}`;
    return [
      "What a login of the service gets of one tenant's rows, by who asks:",
      columns([
        ['table', 'operation', ...ASKERS, ''],
        ...this.rows.map((row) => {
          const outcomes = ASKERS.map((asker) => row.outcomes[asker]);
          const leaks = outcomes.some((outcome) => outcome?.fault !== undefined);
          return [
            row.table,
            row.operation,
            ...outcomes.map((outcome) => outcome?.text ?? '-'),
            leaks ? 'LEAK' : 'ok',
          ];
        }),
      ]),
      '',
      "What a user of the tenant needs for another user's rows, tested without each permission:",
      columns([
        ['table', 'command', 'needs', ''],
        ...this.permissions.map(({ table, command, need, faults }) => [
          table,
          command,
          need,
          faults.length === 0 ? 'ok' : 'LEAK',
        ]),
      ]),
      '',
      'Attempts to get past row-level security:',
      columns(
        this.findings.map(({ id, attempt, result, passed }) => [
          id,
          passed ? 'ok' : 'LEAK',
          `${attempt}: ${result}`,
        ]),
      ),
      '',
      verdict,
    ].join('\n');
  }
}

function columns(rows: string[][]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  return rows
    .map((row) =>
      `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd(),
    )
    .join('\n');
}
