import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { TrailLine } from './trail-line.js';

/** The file is no export of a trail. */
export class TrailFileError extends Error {
  override name = 'TrailFileError';
}

const KINDS: ReadonlySet<unknown> = new Set(['header', 'sealed', 'unsealed', 'trailer']);

/** Fields without which a line cannot even be compared. */
const REQUIRED: Readonly<Record<TrailLine['kind'], Readonly<Record<string, string>>>> = {
  header: { tenantId: 'string', firstPosition: 'number', head: 'object', format: 'string' },
  sealed: { position: 'number', hash: 'string', previousHash: 'string', entryId: 'string' },
  unsealed: { entryId: 'string', waiting: 'boolean' },
  trailer: { sealed: 'number', unsealed: 'number', head: 'object' },
};

/**
 * The lines of an exported file, one at a time.
 * @throws TrailFileError naming the line that is none; Error when the file cannot be read.
 */
export async function* trailFile(path: string): AsyncGenerator<TrailLine> {
  const input = createReadStream(path, 'utf8');
  let number = 0;
  for await (const text of createInterface({ input, crlfDelay: Infinity })) {
    number += 1;
    yield parseTrailLine(text, number);
  }
}

function parseTrailLine(text: string, number: number): TrailLine {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new TrailFileError(`Line ${number} is no JSON.`, { cause });
  }
  if (!isTrailLine(value)) throw new TrailFileError(`Line ${number} is no line of a trail.`);
  return value;
}

function isTrailLine(value: unknown): value is TrailLine {
  if (!isRecord(value) || !KINDS.has(value['kind'])) return false;
  const kind = value['kind'] as TrailLine['kind'];
  const complete = Object.entries(REQUIRED[kind]).every(
    ([name, type]) => typeof value[name] === type && value[name] !== null,
  );
  if (!complete || kind === 'header' || kind === 'trailer') return complete;
  return value['entry'] === null || isRecord(value['entry']);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
