import { createReadStream } from 'node:fs';
import type { AuditLogLine } from './audit-log-line.js';

/** The file is not an exported audit log. */
export class AuditLogFileError extends Error {
  override name = 'AuditLogFileError';
}

const KINDS: ReadonlySet<unknown> = new Set(['header', 'pruned', 'chained', 'pending', 'trailer']);

/** The fields that verification needs. */
const REQUIRED: Readonly<Record<AuditLogLine['kind'], Readonly<Record<string, string>>>> = {
  header: { tenantId: 'string', firstPosition: 'number', head: 'object', format: 'string' },
  pruned: { position: 'number', hash: 'string' },
  chained: { position: 'number', hash: 'string', previousHash: 'string', entryId: 'string' },
  pending: { entryId: 'string', queued: 'boolean' },
  trailer: { chained: 'number', pending: 'number', head: 'object' },
};

/** Characters per line. An entry is far shorter; a file of another kind may contain no line feed at all. */
const MAX_LINE = 64 * 1_024 * 1_024;

/**
 * Reads an exported file line by line.
 * @throws AuditLogFileError with the number of the invalid line; Error if the file cannot be read.
 */
export async function* auditLogFile(path: string): AsyncGenerator<AuditLogLine> {
  let number = 0;
  for await (const text of linesOf(createReadStream(path, 'utf8'))) {
    number += 1;
    yield parseAuditLogLine(text, number);
  }
}

/**
 * Splits at line feeds only, which JSON escapes. Some readers also split at U+2028 and similar characters; a user name
 * that contains one would make the export unreadable.
 */
async function* linesOf(chunks: AsyncIterable<unknown>): AsyncGenerator<string> {
  let parts: string[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    const [first = '', ...others] = String(chunk).split('\n');
    parts.push(first);
    length += first.length;
    for (const next of others) {
      yield parts.join('');
      parts = [next];
      length = next.length;
    }
    if (length > MAX_LINE)
      throw new AuditLogFileError('The file contains a line that is too long for an audit log.');
  }
  if (length > 0) yield parts.join('');
}

function parseAuditLogLine(text: string, number: number): AuditLogLine {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new AuditLogFileError(`Line ${number} is not valid JSON.`, { cause });
  }
  if (!isAuditLogLine(value))
    throw new AuditLogFileError(`Line ${number} is not a line of an audit log.`);
  return value;
}

function isAuditLogLine(value: unknown): value is AuditLogLine {
  if (!isRecord(value) || !KINDS.has(value['kind'])) return false;
  const kind = value['kind'] as AuditLogLine['kind'];
  const complete = Object.entries(REQUIRED[kind]).every(
    ([name, type]) => typeof value[name] === type && value[name] !== null,
  );
  if (!complete || (kind !== 'chained' && kind !== 'pending')) return complete;
  return value['entry'] === null || isRecord(value['entry']);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
