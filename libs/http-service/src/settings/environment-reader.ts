import { readFileSync } from 'node:fs';
import { describeMisspelledSettings } from './misspelled-settings.js';

interface Problem {
  variable: string;
  problem: string;
  example: string;
}

/** Lists every invalid variable, what is wrong with it, and an example of a valid value. */
export class ConfigurationError extends Error {
  constructor(readonly problems: readonly Problem[]) {
    const lines = problems.map(
      ({ variable, problem, example }) =>
        `  ${variable} ${problem} Example: ${variable}=${example}`,
    );
    super(`The configuration is not valid:\n${lines.join('\n')}`);
    this.name = 'ConfigurationError';
  }
}

/**
 * Reads typed values from the environment and collects all problems, so that one start reports all of them. An empty
 * variable counts as unset, as in shells and compose files.
 */
export class EnvironmentReader {
  private readonly problems: Problem[] = [];

  constructor(private readonly env: NodeJS.ProcessEnv) {}

  optional(variable: string): string | undefined {
    const value = this.env[variable]?.trim();
    return value === '' ? undefined : value;
  }

  text(variable: string, fallback: string, pattern: RegExp, rule: string): string {
    const value = this.optional(variable) ?? fallback;
    if (!pattern.test(value)) this.refuse(variable, rule, fallback);
    return value;
  }

  integer(variable: string, fallback: number, range: { min: number; max: number }): number {
    const value = this.optional(variable);
    if (value === undefined) return fallback;
    const number = Number(value);
    if (!/^\d+$/.test(value) || number < range.min || number > range.max) {
      this.refuse(
        variable,
        `must be a whole number from ${range.min} to ${range.max}.`,
        `${fallback}`,
      );
      return fallback;
    }
    return number;
  }

  choice<const T extends string>(variable: string, choices: readonly T[], fallback: T): T {
    const value = this.optional(variable);
    if (value === undefined) return fallback;
    const found = choices.find((choice) => choice === value);
    if (found === undefined) {
      this.refuse(variable, `must be one of ${choices.join(', ')}.`, fallback);
      return fallback;
    }
    return found;
  }

  list(variable: string): string[] {
    return (this.optional(variable) ?? '')
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== '');
  }

  /** A URL of one of the given schemes, as a string, because drivers parse it themselves. */
  url(variable: string, schemes: readonly string[], example: string): string | undefined {
    const value = this.optional(variable);
    if (value === undefined) return undefined;
    const url = URL.canParse(value) ? new URL(value) : undefined;
    if (url === undefined || !schemes.includes(url.protocol.slice(0, -1)) || url.hostname === '') {
      this.refuse(
        variable,
        `must be a URL that starts with ${schemes.join(':// or ')}://.`,
        example,
      );
    }
    return value;
  }

  /** The value, or the content of the file named by `<variable>_FILE` (container secrets). */
  secret(variable: string): string | undefined {
    const value = this.optional(variable);
    const file = this.optional(`${variable}_FILE`);
    if (value !== undefined && file !== undefined) {
      this.refuse(
        variable,
        `is set together with ${variable}_FILE; set one of the two.`,
        '<the value>',
      );
    }
    if (file === undefined) return value?.replaceAll('\\n', '\n');
    try {
      return readFileSync(file, 'utf8').trim();
    } catch {
      this.refuse(
        `${variable}_FILE`,
        'names a file that cannot be read.',
        `/run/secrets/${variable.toLowerCase()}`,
      );
      return undefined;
    }
  }

  /** Sentences about variables that are set and would be ignored, although they look like settings. */
  misspelled(): string[] {
    return describeMisspelledSettings(this.env);
  }

  refuse(variable: string, problem: string, example: string): void {
    this.problems.push({ variable, problem, example });
  }

  /** @throws ConfigurationError if any value was refused. */
  assertValid(): void {
    if (this.problems.length > 0) throw new ConfigurationError(this.problems);
  }
}
