import { ApiError, type FieldError, type Locale } from '@poc-tracker/contracts';
import { Injectable } from '@nestjs/common';
import { findCurrentRequest } from '@poc-tracker/tenancy';
import { BreachedPasswords } from './breached-passwords.js';
import { MIN_PASSWORD_SCORE, passwordStrength } from './password-strength.js';
import {
  feedbackLocale,
  type PasswordRefusal,
  refusalMessage,
  strengthSentences,
} from './password-feedback.js';
import { canBePassword, normalizePassword, passwordLength } from './password-text.js';
import { containsPersonalWord, type PasswordContext, personalWords } from './personal-words.js';

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

/**
 * Checks a new password for length, personal words, breached passwords and strength, the cheapest
 * check first. There are no composition rules (NIST SP 800-63B-4, 3.1.1.2).
 * @param locale language of the message and the suggestions
 * @returns the first problem, without the field's name; undefined if there is none.
 */
export function passwordProblem(
  rawPassword: string,
  context: PasswordContext,
  breached: Pick<BreachedPasswords, 'has'>,
  locale: Locale,
): Omit<PasswordFieldError, 'field'> | undefined {
  if (!canBePassword(rawPassword)) return problem('too_long', locale);
  const password = normalizePassword(rawPassword);
  const minLength = context.rules.passwordMinLength;
  if (passwordLength(password) < minLength) {
    return {
      reason: 'too_short',
      message: refusalMessage('too_short', locale, minLength),
      minLength,
    };
  }
  if (containsPersonalWord(password, context)) return problem('personal', locale);
  if (breached.has(password)) return problem('breached', locale);
  const strength = passwordStrength(password, personalWords(context));
  const { score } = strength;
  if (score >= MIN_PASSWORD_SCORE) return undefined;
  const { warning, suggestions } = strengthSentences(strength, locale);
  const message = [refusalMessage('weak', locale), warning, ...suggestions]
    .filter((sentence) => sentence !== undefined)
    .join(' ');
  return { reason: 'weak', message, score, suggestions };
}

function problem(reason: PasswordRefusal, locale: Locale): Omit<PasswordFieldError, 'field'> {
  return { reason, message: refusalMessage(reason, locale) };
}

/** The language of the request, otherwise that of the user. */
function localeFor(user: Locale | undefined): Locale {
  return feedbackLocale(findCurrentRequest()?.client?.acceptLanguage, user);
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
    const found = passwordProblem(password, context, this.breached, localeFor(context.locale));
    if (found !== undefined) throw ApiError.validation({ field, ...found });
  }

  /** The refusal of a former password. @param locale of the user */
  refuseReuse(field: string, locale?: Locale): ApiError {
    const refusal: PasswordFieldError = { field, ...problem('reused', localeFor(locale)) };
    return ApiError.validation(refusal);
  }

  /** Whether a password that is in use is on the list. */
  isBreached(password: string): boolean {
    return this.breached.has(password);
  }
}
