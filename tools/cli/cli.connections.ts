import { existsSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import {
  DATA_KEYS_FILE,
  findRunningStandalone,
  KEY_FILES,
} from '../standalone/running-standalone.js';
import { misuse } from './cli.error.js';

/** The database of the command line: the one of the environment, or the one of a running `npm start`. */
export class CliConnections {
  constructor(private readonly env: NodeJS.ProcessEnv) {}

  /** In production, TLS is always verified, as in the service. */
  get tls(): boolean {
    return this.read('NODE_ENV') === 'production';
  }

  /** @throws CliError if there is neither */
  platformUrl(): string {
    return this.find('PLATFORM_DATABASE_URL', 'platformUrl');
  }

  /** The login of the tables' owner, for work that no policy allows. @throws CliError if there is neither */
  ownerUrl(): string {
    return this.find('MIGRATION_DATABASE_URL', 'migrationUrl');
  }

  /** The pattern of PUBLIC_URL, or that of the running `npm start`. */
  publicUrl(): string | undefined {
    return this.read('PUBLIC_URL') ?? this.standalone()?.publicUrl;
  }

  /** The key files of `npm start`, if it has any. */
  standaloneKeys(): typeof KEY_FILES | undefined {
    const folder = this.dataDirectory();
    const privateFile = join(folder, KEY_FILES.privateFile);
    if (!existsSync(privateFile)) return undefined;
    return { privateFile, publicFile: join(folder, KEY_FILES.publicFile) };
  }

  /** The setting that names the data keys of `npm start`, unless the environment has any. */
  standaloneDataKeys(): { DATA_KEYS_FILE?: string } {
    const file = join(this.dataDirectory(), DATA_KEYS_FILE);
    const named = ['DATA_KEYS', 'DATA_KEYS_FILE'].some((name) => this.read(name) !== undefined);
    return named || !this.mayUseStandalone() || !existsSync(file) ? {} : { DATA_KEYS_FILE: file };
  }

  /** A variable of the environment. An empty one counts as not set, as in the service. */
  read(variable: string): string | undefined {
    const value = this.env[variable]?.trim();
    return value === '' ? undefined : value;
  }

  private find(variable: string, login: 'platformUrl' | 'migrationUrl'): string {
    const url = this.read(variable) ?? this.standalone()?.[login];
    if (url === undefined) {
      if (!this.mayUseStandalone()) throw misuse(`${variable} is not set.`);
      const folder = relative(process.cwd(), this.dataDirectory()) || '.';
      throw misuse(
        `${variable} is not set, and this user runs no "npm start" with its data in ${folder}. ` +
          'Set the variable, or set DATA_DIR to the data of a running "npm start".',
      );
    }
    if (this.tls && /[?&]ssl/i.test(url)) {
      throw misuse(
        `${variable} must not have ssl parameters. In production, TLS is always verified.`,
      );
    }
    return url;
  }

  private standalone(): ReturnType<typeof findRunningStandalone> {
    return this.mayUseStandalone() ? findRunningStandalone(this.dataDirectory()) : undefined;
  }

  /** A database of the environment is never combined with the logins of another one. */
  private mayUseStandalone(): boolean {
    const named = ['DATABASE_URL', 'PLATFORM_DATABASE_URL', 'MIGRATION_DATABASE_URL'];
    return !this.tls && named.every((variable) => this.read(variable) === undefined);
  }

  private dataDirectory(): string {
    return resolve(this.read('DATA_DIR') ?? '.data');
  }
}
