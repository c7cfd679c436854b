import { userInfo } from 'node:os';
import { PlatformDatabase } from '@poc-tracker/tenancy';
import { SecurityEvents } from '../../apps/auth-service/src/audit/security-events.js';
import { CliConnections } from './cli.connections.js';
import { EXIT, type ExitCode } from './cli.error.js';
import { NO_TENANT_DATABASE } from './no-tenant-database.js';

/** What a command reads and where it writes; the tests give their own. */
export interface CliIo {
  env: NodeJS.ProcessEnv;
  stdout: (text: string) => void;
  stderr: (text: string) => void;
}

const APPLICATION_NAME = 'poc-tracker-cli';

/** What the commands share: the database, the output and the exit code. One a run. */
export class CliContext {
  readonly connections: CliConnections;
  /** Set by a command that found something amiss, beside having said what. */
  exitCode: ExitCode = EXIT.ok;
  readonly env: NodeJS.ProcessEnv;
  private opened: PlatformDatabase | undefined;

  constructor(private readonly io: CliIo) {
    this.env = io.env;
    this.connections = new CliConnections(io.env);
  }

  /** The database on the operators' login, connected at its first statement and closed after the command. */
  platform(): PlatformDatabase {
    return (this.opened ??= new PlatformDatabase({
      url: this.connections.platformUrl(),
      tls: this.connections.tls,
      applicationName: APPLICATION_NAME,
      unnamedActor: 'operator',
    }));
  }

  /** Where the work of operators is recorded. */
  trail(): SecurityEvents {
    return new SecurityEvents(NO_TENANT_DATABASE);
  }

  /** What the audit trail says of who acted: nobody is logged in here. */
  get actor(): { via: 'cli'; osUser: string } {
    return { via: 'cli', osUser: userInfo().username };
  }

  /** Prints a result: as JSON where that was asked for, else the text. */
  show(options: { json?: boolean }, value: unknown, text: () => string): void {
    this.io.stdout(options.json === true ? `${JSON.stringify(value, null, 2)}\n` : text());
  }

  /** A line for the person who waits, beside the result: progress, warnings. */
  say(line: string): void {
    this.io.stderr(`${line}\n`);
  }

  async close(): Promise<void> {
    await this.opened?.close();
  }
}
