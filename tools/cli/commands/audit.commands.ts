import { isUuid } from '@poc-tracker/contracts';
import type { Command } from 'commander';
import type { ChainHead } from '../../../apps/auth-service/src/audit/chain/chain-link.js';
import { AuditLogPruned } from '../../../apps/auth-service/src/audit/chain/audit-log-page.repository.js';
import { listStoredAuditLogs } from '../../../apps/auth-service/src/audit/chain/chain.repository.js';
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
import { EXIT, misuse } from '../cli.error.js';
import type { CliServices } from '../cli.module.js';
import { commandGroup, subcommand } from '../subcommand.js';
import { formatTable } from '../table.js';
import { idOf, unknownTenant } from '../tenant-id.js';

/** Attempts to read a log of which entries are being deleted. */
const MAX_ATTEMPTS = 5;

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

/** Registers the `audit` commands. */
export function registerAuditCommands(program: Command, context: CliContext): void {
  const audit = commandGroup(program, 'audit', 'Verify audit logs.');
  subcommand(
    audit,
    'verify',
    'Verify audit logs against their hash chains. Exits with 1 if an entry was changed, removed, inserted or reordered.',
  )
    .option('--tenant <subdomain or id>', 'verify only this tenant')
    .option('--file <export.ndjson>', 'verify an exported file, without the database')
    .option(
      '--expect-head <position:hash>',
      'checkpoint from GET /audit/head, an export or the log; the chain must still contain it',
    )
    .action(async (options: VerifyOptions) => {
      const head = parseHead(options.expectHead);
      if (options.file !== undefined && options.tenant !== undefined)
        throw misuse('Use either --tenant or --file. A file contains one tenant.');
      if (head !== undefined && options.file === undefined && options.tenant === undefined)
        throw misuse('--expect-head needs --tenant or --file.');
      const reports =
        options.file === undefined
          ? await verifyStored(await context.services(), options.tenant, head)
          : [await verifyFile(options.file, head)];
      if (reports.some(({ intact }) => !intact)) context.exitCode = EXIT.refused;
      context.show(options, { auditLogs: reports }, () => reports.map(describe).join(''));
    });
}

async function verifyStored(
  { platform, tenants }: CliServices,
  tenant: string | undefined,
  head: ChainHead | undefined,
): Promise<Verified[]> {
  const tenantId = tenant === undefined ? null : await idOfLog(tenants, tenant);
  const logs = await listStoredAuditLogs(platform, tenantId);
  if (tenant !== undefined && logs.length === 0) throw unknownTenant(tenant);
  const reports: Verified[] = [];
  for (const found of logs) {
    const expectation = { whole: true, ...(head && { head }) };
    const report = await repeatIfPruned(() =>
      verifyChain(storedAuditLog(platform, found.tenantId), expectation),
    );
    reports.push({ name: found.name, ...report });
  }
  return reports;
}

/** The retention job deletes the first entries of a log in batches, and may overtake a reader that has just begun. */
async function repeatIfPruned<T>(work: () => Promise<T>): Promise<T> {
  for (let attempts = 1; ; attempts += 1) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof AuditLogPruned) || attempts === MAX_ATTEMPTS) throw error;
    }
  }
}

/** Finds a hash chain that was left behind by its tenant as well, if it is named by its id. */
async function idOfLog(tenants: CliServices['tenants'], name: string): Promise<string> {
  const id = name.toLowerCase();
  return isUuid(id) ? id : idOf(tenants, name);
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
  chained: 0,
  pending: 0,
  firstPosition: null,
  head: { position: 0, hash: '' },
} as const;

function parseHead(text: string | undefined): ChainHead | undefined {
  if (text === undefined) return undefined;
  const [, position, hash] = /^(\d{1,15}):([0-9a-f]{64})$/i.exec(text) ?? [];
  if (position === undefined || hash === undefined)
    throw misuse('--expect-head must be a position and 64 hexadecimal digits: 1234:ab…');
  return { position: Number(position), hash: hash.toLowerCase() };
}

function describe(report: Verified): string {
  const { name, intact, chained, pending, head, firstPosition, findings } = report;
  const range = chained === 0 ? 'no entries' : `positions ${firstPosition} to ${head.position}`;
  const waiting = pending === 0 ? '' : `, ${pending} pending`;
  if (intact) return `${name}: intact, ${range}${waiting}, head ${head.position}:${head.hash}\n`;
  const table = formatTable(findings, [
    { heading: 'position', value: (finding) => finding.position },
    { heading: 'problem', value: (finding) => finding.problem },
    { heading: 'message', value: (finding) => finding.message },
  ]);
  return `${name}: BROKEN, ${range}${waiting}\n${table}`;
}
