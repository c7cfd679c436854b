/** What a shell learns of a command: done; a finding or a refusal; a wrong call or no database. */
export const EXIT = { ok: 0, refused: 1, unusable: 2 } as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Ends a command with one sentence for the person in front of it. */
export class CliError extends Error {
  constructor(
    message: string,
    readonly exitCode: ExitCode,
  ) {
    super(message);
    this.name = 'CliError';
  }
}

/** What was asked for is not possible as things are: exit code 1. */
export function refusal(message: string): CliError {
  return new CliError(message, EXIT.refused);
}

/** The call itself is wrong, or the database cannot be reached: exit code 2. */
export function misuse(message: string): CliError {
  return new CliError(message, EXIT.unusable);
}
