import { userInfo } from 'node:os';
import type { DataKey } from '../../apps/auth-service/src/config/data-keys.js';
import { CliConnections } from './cli.connections.js';
import { EXIT, type ExitCode } from './cli.error.js';
import type { CliServices } from './cli.module.js';

/** The environment and the streams of a command. */
export interface CliIo {
  env: NodeJS.ProcessEnv;
  stdout: (text: string) => void;
  stderr: (text: string) => void;
}

const APPLICATION_NAME = 'poc-tracker-cli';

/** What the commands share: the services, the output and the exit code. One per run. */
export class CliContext {
  readonly connections: CliConnections;
  /** Set by a command that reports a problem in its output. */
  exitCode: ExitCode = EXIT.ok;
  readonly env: NodeJS.ProcessEnv;
  private opened: Promise<CliServices> | undefined;

  constructor(private readonly io: CliIo) {
    this.env = io.env;
    this.connections = new CliConnections(io.env);
  }

  /**
   * The operators' services, built at the first call and closed after the command. Their module is loaded here because it
   * loads Nest and Swagger, which `--help` does not need.
   * @param dataKeys for a command that cannot do without them; by default those that are known
   */
  services(dataKeys?: readonly DataKey[]): Promise<CliServices> {
    return (this.opened ??= this.open(dataKeys));
  }

  /** The address of a tenant's pages, with `{tenant}` in place of its subdomain. @throws ConfigurationError */
  async publicUrl(): Promise<string> {
    const { loadPublicUrl } = await import('../../apps/auth-service/src/config/app-config.js');
    return loadPublicUrl({ ...this.env, PUBLIC_URL: this.connections.publicUrl() });
  }

  /** The keys of DATA_KEYS, or that of `npm start`. @throws ConfigurationError */
  async dataKeys(): Promise<DataKey[]> {
    const { readDataKeys } = await import('../../apps/auth-service/src/config/data-keys.js');
    const { EnvironmentReader } = await import('@poc-tracker/http-service');
    const reader = new EnvironmentReader({
      ...this.env,
      ...this.connections.standaloneDataKeys(),
    });
    const dataKeys = readDataKeys(reader);
    reader.assertValid();
    return dataKeys;
  }

  /** Added to the audit log entries, because the command line has no log-in. */
  get actor(): { via: 'cli'; osUser: string } {
    return { via: 'cli', osUser: userInfo().username };
  }

  /** Prints a result: as JSON with --json, else as text. */
  show(options: { json?: boolean }, value: unknown, text: () => string): void {
    this.io.stdout(options.json === true ? `${JSON.stringify(value, null, 2)}\n` : text());
  }

  /** Prints a line beside the result: progress or a warning. */
  say(line: string): void {
    this.io.stderr(`${line}\n`);
  }

  async close(): Promise<void> {
    const services = await this.opened?.catch(() => undefined);
    await services?.close();
  }

  /** None if there are none: few commands need them. */
  private async knownDataKeys(): Promise<DataKey[]> {
    const named = ['DATA_KEYS', 'DATA_KEYS_FILE'].some((name) => this.connections.read(name));
    const { DATA_KEYS_FILE: standalone } = this.connections.standaloneDataKeys();
    return named || standalone !== undefined ? this.dataKeys() : [];
  }

  private async open(dataKeys: readonly DataKey[] | undefined): Promise<CliServices> {
    const { openCliServices } = await import('./cli.module.js');
    return openCliServices(this.env, dataKeys ?? (await this.knownDataKeys()), {
      url: this.connections.platformUrl(),
      tls: this.connections.tls,
      applicationName: APPLICATION_NAME,
      unnamedActor: 'operator',
    });
  }
}
