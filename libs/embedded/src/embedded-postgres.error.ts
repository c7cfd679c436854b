/** The embedded PostgreSQL could not be started or stopped; the message is one sentence for the person at the terminal. */
export class EmbeddedPostgresError extends Error {
  override readonly name: string = 'EmbeddedPostgresError';
}

/** The data directory is served by a process that is alive: it must not be taken from it. */
export class DataDirectoryInUseError extends EmbeddedPostgresError {
  override readonly name = 'DataDirectoryInUseError';

  constructor(
    readonly dataDirectory: string,
    readonly ownerProcess: number,
  ) {
    super(
      `The database in ${dataDirectory} is in use by process ${ownerProcess}; ` +
        'stop that process first or set DATA_DIR to another folder.',
    );
  }
}
