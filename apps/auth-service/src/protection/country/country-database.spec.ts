import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CountryDatabase } from './country-database.js';
import { countryFile } from './country-file.fixture.js';

const BRAZIL = { country_code: 'BR' };
const URUGUAY = { country_code: 'UY' };

let folder: string;
let path: string;
let log: Record<'log' | 'warn' | 'error', ReturnType<typeof vi.spyOn>>;
const opened: CountryDatabase[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'countries-'));
  path = join(folder, 'country.mmdb');
  const spy = (level: 'log' | 'warn' | 'error') =>
    vi.spyOn(Logger.prototype, level).mockImplementation(() => undefined);
  log = { log: spy('log'), warn: spy('warn'), error: spy('error') };
});

afterEach(() => {
  for (const database of opened.splice(0)) database.onApplicationShutdown();
  rmSync(folder, { recursive: true });
  vi.useRealTimers();
  vi.restoreAllMocks();
});

function open(countryDatabase?: string): CountryDatabase {
  const database = new CountryDatabase({ countryDatabase });
  opened.push(database);
  return database;
}

/** Puts a file in the place of the former one, as a command that downloads and renames does. */
function replace(content: Buffer | string): void {
  writeFileSync(`${path}.new`, content);
  renameSync(`${path}.new`, path);
}

describe('the country database of the release', () => {
  it.each([
    ['200.160.2.3', 'BR'],
    ['2001:12ff::1', 'BR'],
    ['200.0.230.235', 'AR'],
    ['200.40.30.245', 'UY'],
    ['8.8.8.8', 'US'],
    ['2001:67c:2e8::1', 'NL'],
    ['::ffff:200.160.2.3', 'BR'],
    ['::ffff:c8a0:203', 'BR'],
    ['[2001:12FF:0::1]:443', 'BR'],
  ])('knows that %s is of %s', (address, country) => {
    expect(open().countryOf(address)).toBe(country);
  });

  it.each([
    '10.0.0.1',
    '172.16.5.5',
    '192.168.1.1',
    '127.0.0.1',
    '100.64.0.1',
    '169.254.169.254',
    '::1',
    'fe80::1',
    'fd00::1',
    '::ffff:192.168.1.1',
    '2001:db8::1',
    '2002:c8a0:203::1',
    '255.255.255.255',
    '0.0.0.0',
    '',
    'unknown',
    '200.160.2.3.4',
    '200.160.2.999',
    '\0',
    undefined,
    null,
  ])('knows no country of %j', (address) => {
    expect(open().countryOf(address)).toBeUndefined();
  });

  it('logs its date at start', () => {
    open();
    expect(log.log).toHaveBeenCalledWith(
      expect.stringMatching(/^The country database is of 20\d\d-/),
    );
  });
});

describe('a country database of COUNTRY_DATABASE', () => {
  it.each([
    ['of ip-location-db', (code: string) => ({ country_code: code })],
    ['of MaxMind', (code: string) => ({ continent: { code: 'SA' }, country: { iso_code: code } })],
  ])('is read in the form %s', (_, record) => {
    writeFileSync(path, countryFile({ '200/8': record('BR'), '2804': record('UY') }));
    const database = open(path);
    expect(database.countryOf('200.1.1.1')).toBe('BR');
    expect(database.countryOf('2804::1')).toBe('UY');
    expect(database.countryOf('201.1.1.1')).toBeUndefined();
  });

  it('has no say about private networks and unknown codes', () => {
    const records = {
      '200/8': BRAZIL,
      '2804': BRAZIL,
      '10/8': BRAZIL,
      '50/8': { country_code: 'EU' },
    };
    writeFileSync(path, countryFile(records));
    expect(open(path).countryOf('10.0.0.1')).toBeUndefined();
    expect(open(path).countryOf('50.1.1.1')).toBeUndefined();
  });

  it.each([
    ['is missing', undefined, 'cannot be read (ENOENT)'],
    ['is empty', '', 'is not a database in the MMDB format'],
    ['is another file', 'country,BR\n'.repeat(1_000), 'is not a database in the MMDB format'],
    [
      'was cut off',
      countryFile({ '200/8': BRAZIL, '2804': BRAZIL }).subarray(0, -40),
      'is not a database in the MMDB format',
    ],
    ['has IPv4 only', countryFile({ '200/8': BRAZIL }, { ipVersion: 4 }), 'no addresses of IPv6'],
    ['has no IPv6', countryFile({ '200/8': BRAZIL }), 'no countries of addresses of IPv6'],
    [
      'has no countries',
      countryFile({ '200/8': { autonomous_system_number: 22_548 }, '2804': {} }),
      'no countries of addresses of IPv4',
    ],
  ])('stops the start with the name of the setting if it %s', (_, content, problem) => {
    if (content !== undefined) writeFileSync(path, content);
    expect(() => open(path)).toThrow('COUNTRY_DATABASE');
    expect(() => open(path)).toThrow(problem);
  });

  it('stops the start if it is a folder', () => {
    expect(() => open(folder)).toThrow('is not a file');
  });

  it('is read again within a minute after it was replaced', async () => {
    vi.useFakeTimers();
    writeFileSync(path, countryFile({ '200/8': BRAZIL, '2804': BRAZIL }));
    const database = open(path);
    replace(countryFile({ '200/8': URUGUAY, '2804': BRAZIL }));
    expect(database.countryOf('200.1.1.1')).toBe('BR');
    await vi.advanceTimersByTimeAsync(60_000);
    await vi.waitFor(() => {
      expect(database.countryOf('200.1.1.1')).toBe('UY');
    });
  });

  it('stays in use if its replacement is broken or missing, which is logged once', async () => {
    writeFileSync(path, countryFile({ '200/8': BRAZIL, '2804': BRAZIL }));
    const database = open(path);
    replace('half a downlo');
    await database.refresh();
    await database.refresh();
    expect(database.countryOf('200.1.1.1')).toBe('BR');
    expect(log.error).toHaveBeenCalledTimes(1);
    rmSync(path);
    await database.refresh();
    await database.refresh();
    expect(database.countryOf('200.1.1.1')).toBe('BR');
    expect(log.error).toHaveBeenCalledTimes(2);
    replace(countryFile({ '200/8': URUGUAY, '2804': BRAZIL }));
    await database.refresh();
    expect(database.countryOf('200.1.1.1')).toBe('UY');
  });

  it('stays in use if its path leads through a file', async () => {
    const inner = join(folder, 'inner');
    mkdirSync(inner);
    const file = join(inner, 'country.mmdb');
    writeFileSync(file, countryFile({ '200/8': BRAZIL, '2804': BRAZIL }));
    const database = open(file);
    rmSync(inner, { recursive: true });
    writeFileSync(inner, '');
    await database.refresh();
    expect(database.countryOf('200.1.1.1')).toBe('BR');
    expect(log.error).toHaveBeenCalledTimes(1);
    expect(() => open(file)).toThrow('COUNTRY_DATABASE');
  });

  it('is reported at start if it is older than a year', () => {
    const builtAt = new Date(Date.now() - 366 * 86_400_000);
    writeFileSync(path, countryFile({ '200/8': BRAZIL, '2804': BRAZIL }, { builtAt }));
    open(path);
    expect(log.warn).toHaveBeenCalledWith(expect.stringContaining('older than a year'));
  });
});
