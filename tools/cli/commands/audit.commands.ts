import { isUuid } from '@poc-tracker/contracts';
import type { PlatformDatabase } from '@poc-tracker/tenancy';
import type { Command } from 'commander';
import type { ChainHead } from '../../../apps/auth-service/src/audit/chain/chain-link.js';
import { storedAuditLog } from '../../../apps/auth-service/src/audit/chain/stored-audit-log.js';
import {
  auditLogFile,
  AuditLogFileError,
} from '../../../apps/auth-service/src/audit/chain/audit-log-file.js';
import {
  type ChainReport,
  verifyChain,
} from '../../../apps/auth-service/src/audit/chain/chain-verification.js';
import type { CliContext } from '../cli.context.js';
import { EXIT, misuse, refusal } from '../cli.error.js';
import { commandGroup, subcommand } from '../subcommand.js';
import { formatTable } from '../table.js';

interface VerifyOptions {
  json?: boolean;
  tenant?: string;
  file?: string;
  expectHead?: string;
}

interface Verified extends ChainReport {
  /** Subdomain or file. */
  name: string;
}

/* Tenants, and trails whose tenant is not there: a trail goes with its tenant, and never stays behind. */
const TENANTS = `
  WITH RECURSIVE trail AS (
    (SELECT tenant_id FROM audit_chain ORDER BY tenant_id LIMIT 1)
    UNION ALL
    SELECT (SELECT c.tenant_id FROM audit_chain c WHERE c.tenant_id > t.tenant_id ORDER BY c.tenant_id LIMIT 1)
      FROM trail t WHERE t.tenant_id IS NOT NULL)
  SELECT coalesce(t.id, l.tenant_id) AS id, coalesce(t.subdomain, l.tenant_id::text) AS name
    FROM tenants t FULL JOIN (SELECT tenant_id FROM trail WHERE tenant_id IS NOT NULL) l ON l.tenant_id = t.id
   WHERE $1::text IS NULL OR t.subdomain = $1 OR t.id = $2::uuid OR l.tenant_id = $2::uuid
   ORDER BY 2`;

/** The commands about the trail of audit. */
export function registerAuditCommands(program: Command, context: CliContext): void {
  const audit = commandGroup(program, 'audit', 'The trail of what was done, refused and changed.');
  subcommand(
    audit,
    'verify',
    'Hold trails against their hashes; exit code 1 when an entry was changed, removed, inserted or reordered.',
  )
    .option('--tenant <subdomain or id>', 'one tenant alone')
    .option(
      '--file <export.ndjson>',
      'an exported file instead of the database, which is not asked',
    )
    .option(
      '--expect-head <position:hash>',
      'a head that was kept elsewhere, from GET /audit/head, an export or the log: shows that nothing up to it was cut off',
    )
    .action(async (options: VerifyOptions) => {
      const head = parseHead(options.expectHead);
      if (options.file !== undefined && options.tenant !== undefined)
        throw misuse('Give either --tenant or --file: a file is of one tenant already.');
      if (head !== undefined && options.file === undefined && options.tenant === undefined)
        throw misuse(
          '--expect-head is the head of one tenant: name it with --tenant, or give --file.',
        );
      const reports =
        options.file === undefined
          ? await verifyStored(context.platform(), options.tenant, head)
          : [await verifyFile(options.file, head)];
      if (reports.some(({ intact }) => !intact)) context.exitCode = EXIT.refused;
      context.show(options, { auditLogs: reports }, () => reports.map(describe).join(''));
    });
}

async function verifyStored(
  database: PlatformDatabase,
  tenant: string | undefined,
  head: ChainHead | undefined,
): Promise<Verified[]> {
  const name = tenant?.toLowerCase();
  const id = name !== undefined && isUuid(name) ? name : null;
  const tenants = await database.query<{ id: string; name: string }>(TENANTS, [name ?? null, id]);
  if (name !== undefined && tenants.length === 0) throw refusal(`There is no tenant "${name}".`);
  const reports: Verified[] = [];
  for (const found of tenants) {
    const lines = storedAuditLog(database, found.id);
    const report = await verifyChain(lines, { whole: true, ...(head && { head }) });
    reports.push({ name: found.name, ...report });
  }
  return reports;
}

async function verifyFile(path: string, head: ChainHead | undefined): Promise<Verified> {
  try {
    return { name: path, ...(await verifyChain(auditLogFile(path), head && { head })) };
  } catch (error) {
    if (error instanceof AuditLogFileError) {
      const finding = { position: null, problem: 'unreadable', message: error.message } as const;
      return { name: path, ...UNREADABLE, findings: [finding] };
    }
    throw misuse(
      `The file cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

const UNREADABLE = {
  tenantId: null,
  intact: false,
  sealed: 0,
  unsealed: 0,
  firstPosition: null,
  head: { position: 0, hash: '' },
} as const;

function parseHead(text: string | undefined): ChainHead | undefined {
  if (text === undefined) return undefined;
  const [, position, hash] = /^(\d{1,15}):([0-9a-f]{64})$/i.exec(text) ?? [];
  if (position === undefined || hash === undefined)
    throw misuse('--expect-head takes a position and 64 hexadecimal digits: 1234:ab…');
  return { position: Number(position), hash: hash.toLowerCase() };
}

function describe(report: Verified): string {
  const { name, intact, sealed, unsealed, head, firstPosition, findings } = report;
  const range = sealed === 0 ? 'nothing sealed' : `positions ${firstPosition} to ${head.position}`;
  const young = unsealed === 0 ? '' : `, ${unsealed} not sealed yet`;
  if (intact) return `${name}: intact, ${range}${young}, head ${head.position}:${head.hash}\n`;
  const table = formatTable(findings, [
    { heading: 'position', value: (finding) => finding.position },
    { heading: 'problem', value: (finding) => finding.problem },
    { heading: 'what', value: (finding) => finding.message },
  ]);
  return `${name}: BROKEN, ${range}${young}\n${table}`;
}
