import { existsSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { findRunningStandalone, KEY_FILES } from '../standalone/running-standalone.js';
import { misuse } from './cli.error.js';

/** Where the command line works: the environment's database, or that of a running `npm start`. */
export class CliConnections {
  constructor(private readonly env: NodeJS.ProcessEnv) {}

  /** In production TLS is always verified, as in the service. */
  get tls(): boolean {
    return this.read('NODE_ENV') === 'production';
  }

  /** @throws CliError when neither is there. */
  platformUrl(): string {
    return this.find('PLATFORM_DATABASE_URL', 'platformUrl');
  }

  /** The login that owns the tables, for what no policy allows anybody. @throws CliError when neither is there. */
  ownerUrl(): string {
    return this.find('MIGRATION_DATABASE_URL', 'migrationUrl');
  }

  /** The files in which `npm start` keeps its keys, if it has any. */
  standaloneKeys(): typeof KEY_FILES | undefined {
    const folder = this.dataDirectory();
    const privateFile = join(folder, KEY_FILES.privateFile);
    if (!existsSync(privateFile)) return undefined;
    return { privateFile, publicFile: join(folder, KEY_FILES.publicFile) };
  }

  /** A variable of the environment; an empty one counts as unset, as in the service. */
  read(variable: string): string | undefined {
    const value = this.env[variable]?.trim();
    return value === '' ? undefined : value;
  }

  private find(variable: string, login: 'platformUrl' | 'migrationUrl'): string {
    const url = this.read(variable) ?? this.standalone()?.[login];
    if (url === undefined) {
      const folder = relative(process.cwd(), this.dataDirectory()) || '.';
      throw misuse(
        `${variable} is not set, and no "npm start" of this user runs with its data in ${folder}.`,
      );
    }
    if (this.tls && /[?&]ssl/i.test(url)) {
      throw misuse(
        `${variable} must not carry ssl parameters: in production TLS is always verified.`,
      );
    }
    return url;
  }

  /** The environment's database is not mixed with another one's logins. */
  private standalone(): ReturnType<typeof findRunningStandalone> {
    const named = ['DATABASE_URL', 'PLATFORM_DATABASE_URL', 'MIGRATION_DATABASE_URL'];
    if (this.tls || named.some((variable) => this.read(variable) !== undefined)) return undefined;
    return findRunningStandalone(this.dataDirectory());
  }

  private dataDirectory(): string {
    return resolve(this.read('DATA_DIR') ?? '.data');
  }
}
