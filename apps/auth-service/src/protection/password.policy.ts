import { ApiError, type FieldError } from '@poc-tracker/contracts';
import { Injectable } from '@nestjs/common';
import { BreachedPasswords } from './breached-passwords.js';
import { MIN_PASSWORD_SCORE, passwordStrength } from './password-strength.js';
import {
  canBePassword,
  MAX_PASSWORD_LENGTH,
  normalizePassword,
  passwordLength,
} from './password-text.js';
import { containsPersonalWord, type PasswordContext, personalWords } from './personal-words.js';

/** Why a password was refused, for clients that show their own text. */
export type PasswordRefusal =
  'too_long' | 'too_short' | 'personal' | 'breached' | 'weak' | 'reused';

/** The error details of a refused password. */
export interface PasswordFieldError extends FieldError {
  reason: PasswordRefusal;
  /** The minimum that the tenant requires; only with the reason `too_short`. */
  minLength?: number;
  /** Strength from 0 to 4; only with the reason `weak`. */
  score?: number;
  /** How to make it stronger; only with the reason `weak`. */
  suggestions?: string[];
}

const MESSAGES: Record<Exclude<PasswordRefusal, 'too_short'>, string> = {
  too_long: `must be text of at most ${MAX_PASSWORD_LENGTH} characters.`,
  personal:
    "must not contain your name, your email address, the product's name, or the tenant's name, domain or words.",
  reused: 'must differ from your former passwords.',
  breached: 'is on a list of breached passwords. Choose another one.',
  weak: 'is too easy to guess.',
};

/**
 * Checks a new password for length, personal words, breached passwords and strength, the cheapest
 * check first. There are no composition rules (NIST SP 800-63B-4, 3.1.1.2).
 * @returns the first problem, without the field's name; undefined if there is none.
 */
export function passwordProblem(
  rawPassword: string,
  context: PasswordContext,
  breached: Pick<BreachedPasswords, 'has'>,
): Omit<PasswordFieldError, 'field'> | undefined {
  if (!canBePassword(rawPassword)) return problem('too_long');
  const password = normalizePassword(rawPassword);
  const minLength = context.rules.passwordMinLength;
  if (passwordLength(password) < minLength) {
    return {
      reason: 'too_short',
      message: `must have at least ${minLength} characters.`,
      minLength,
    };
  }
  if (containsPersonalWord(password, context)) return problem('personal');
  if (breached.has(password)) return problem('breached');
  const { score, warning, suggestions } = passwordStrength(password, personalWords(context));
  if (score >= MIN_PASSWORD_SCORE) return undefined;
  const message = [MESSAGES.weak, warning, ...suggestions]
    .filter((sentence) => sentence !== undefined)
    .join(' ');
  return { reason: 'weak', message, score, suggestions };
}

function problem(reason: keyof typeof MESSAGES): Omit<PasswordFieldError, 'field'> {
  return { reason, message: MESSAGES[reason] };
}

/** Checks new passwords. Passwords that are already in use are not checked again, also when a tenant requires more. */
@Injectable()
export class PasswordPolicy {
  private readonly breached = BreachedPasswords.load();

  /**
   * @param field name of the password field, for the error
   * @throws ApiError VALIDATION_ERROR with one {@link PasswordFieldError} in its details
   */
  check(password: string, context: PasswordContext, field = 'password'): void {
    const found = passwordProblem(password, context, this.breached);
    if (found !== undefined) throw ApiError.validation({ field, ...found });
  }

  /** The refusal of a former password. */
  refuseReuse(field: string): ApiError {
    return ApiError.validation({ field, ...problem('reused') } satisfies PasswordFieldError);
  }

  /** Whether a password that is in use is on the list. */
  isBreached(password: string): boolean {
    return this.breached.has(password);
  }
}
