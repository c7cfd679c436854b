/** The embedded PostgreSQL could not be started or stopped. The message is written for the user at the terminal. */
export class EmbeddedPostgresError extends Error {
  override readonly name: string = 'EmbeddedPostgresError';
}

/** Another running process uses the data directory. */
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
