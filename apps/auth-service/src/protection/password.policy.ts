import { ApiError, type FieldError } from '@poc-tracker/contracts';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { BreachedPasswords } from './breached-passwords.js';
import {
  MIN_PASSWORD_SCORE,
  passwordStrength,
  warmUpPasswordStrength,
} from './password-strength.js';
import {
  canBePassword,
  MAX_PASSWORD_LENGTH,
  MIN_PASSWORD_LENGTH,
  normalizePassword,
  passwordLength,
} from './password-text.js';
import { containsPersonalWord, type PasswordContext, personalWords } from './personal-words.js';

/** Why a password was refused, for a client that words it itself. */
export type PasswordRefusal = 'too_long' | 'too_short' | 'personal' | 'breached' | 'weak';

/** What the `details` of a refused password hold beside the field and the message. */
export interface PasswordFieldError extends FieldError {
  reason: PasswordRefusal;
  /** Strength from 0 to 4; only where that was the reason. */
  score?: number;
  /** What would make it stronger; only where strength was the reason. */
  suggestions?: string[];
}

const MESSAGES: Record<PasswordRefusal, string> = {
  too_long: `must be text of at most ${MAX_PASSWORD_LENGTH} characters.`,
  too_short: `must have at least ${MIN_PASSWORD_LENGTH} characters.`,
  personal:
    "must not contain your name, your e-mail address, or the tenant's or the product's name.",
  breached: 'is on a list of passwords that have leaked elsewhere; choose another.',
  weak: 'is too easy to guess.',
};

/**
 * Judges a new password by length, personal words, leaked passwords and strength; the cheap tests
 * come first. Which kinds of characters it is made of does not matter (NIST SP 800-63B-4, 3.1.1.2).
 * @returns what is wrong with it, without the field's name; undefined when nothing is.
 */
export function passwordProblem(
  rawPassword: string,
  context: PasswordContext,
  breached: Pick<BreachedPasswords, 'has'>,
): Omit<PasswordFieldError, 'field'> | undefined {
  if (!canBePassword(rawPassword)) return problem('too_long');
  const password = normalizePassword(rawPassword);
  if (passwordLength(password) < MIN_PASSWORD_LENGTH) return problem('too_short');
  if (containsPersonalWord(password, context)) return problem('personal');
  if (breached.has(password)) return problem('breached');
  const { score, warning, suggestions } = passwordStrength(password, personalWords(context));
  if (score >= MIN_PASSWORD_SCORE) return undefined;
  const message = [MESSAGES.weak, warning, ...suggestions]
    .filter((sentence) => sentence !== undefined)
    .join(' ');
  return { reason: 'weak', message, score, suggestions };
}

function problem(reason: PasswordRefusal): Omit<PasswordFieldError, 'field'> {
  return { reason, message: MESSAGES[reason] };
}

/**
 * Decides which passwords may be chosen. Passwords that are already in use are never judged again.
 */
@Injectable()
export class PasswordPolicy implements OnModuleInit {
  private readonly breached = BreachedPasswords.load();

  onModuleInit(): void {
    warmUpPasswordStrength();
  }

  /**
   * @param field name of the field that carried the password, for the error
   * @throws ApiError VALIDATION_ERROR whose details hold one {@link PasswordFieldError}
   */
  check(password: string, context: PasswordContext, field = 'password'): void {
    const found = passwordProblem(password, context, this.breached);
    if (found !== undefined) throw ApiError.validation({ field, ...found });
  }
}
