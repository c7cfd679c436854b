/** Exit codes: success; a problem found or a request refused; wrong usage or no database. */
export const EXIT = { ok: 0, refused: 1, unusable: 2 } as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Ends a command with one sentence on stderr. */
export class CliError extends Error {
  constructor(
    message: string,
    readonly exitCode: ExitCode,
  ) {
    super(message);
    this.name = 'CliError';
  }
}

/** The current state does not allow the request: exit code 1. */
export function refusal(message: string): CliError {
  return new CliError(message, EXIT.refused);
}

/** The usage is wrong, or the database cannot be reached: exit code 2. */
export function misuse(message: string): CliError {
  return new CliError(message, EXIT.unusable);
}
