import { createReadStream } from 'node:fs';
import type { AuditLogLine } from './audit-log-line.js';

/** The file is no export of a trail. */
export class AuditLogFileError extends Error {
  override name = 'AuditLogFileError';
}

const KINDS: ReadonlySet<unknown> = new Set(['header', 'sealed', 'unsealed', 'trailer']);

/** Fields without which a line cannot even be compared. */
const REQUIRED: Readonly<Record<AuditLogLine['kind'], Readonly<Record<string, string>>>> = {
  header: { tenantId: 'string', firstPosition: 'number', head: 'object', format: 'string' },
  sealed: { position: 'number', hash: 'string', previousHash: 'string', entryId: 'string' },
  unsealed: { entryId: 'string', waiting: 'boolean' },
  trailer: { sealed: 'number', unsealed: 'number', head: 'object' },
};

/** Characters of a line; a row of the trail is far shorter, and a file of another kind may have no line break at all. */
const MAX_LINE = 64 * 1_024 * 1_024;

/**
 * The lines of an exported file, one at a time.
 * @throws AuditLogFileError naming the line that is none; Error when the file cannot be read.
 */
export async function* auditLogFile(path: string): AsyncGenerator<AuditLogLine> {
  let number = 0;
  for await (const text of linesOf(createReadStream(path, 'utf8'))) {
    number += 1;
    yield parseAuditLogLine(text, number);
  }
}

/**
 * At line feeds alone, which JSON escapes: other characters that some readers break lines at may stand within a name, and
 * whoever bears it would make the export unreadable.
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
      throw new AuditLogFileError('The file has a line that is no line of a trail.');
  }
  if (length > 0) yield parts.join('');
}

function parseAuditLogLine(text: string, number: number): AuditLogLine {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new AuditLogFileError(`Line ${number} is no JSON.`, { cause });
  }
  if (!isAuditLogLine(value)) throw new AuditLogFileError(`Line ${number} is no line of a trail.`);
  return value;
}

function isAuditLogLine(value: unknown): value is AuditLogLine {
  if (!isRecord(value) || !KINDS.has(value['kind'])) return false;
  const kind = value['kind'] as AuditLogLine['kind'];
  const complete = Object.entries(REQUIRED[kind]).every(
    ([name, type]) => typeof value[name] === type && value[name] !== null,
  );
  if (!complete || kind === 'header' || kind === 'trailer') return complete;
  return value['entry'] === null || isRecord(value['entry']);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
