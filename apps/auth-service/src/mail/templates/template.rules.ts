import type { FieldError } from '@poc-tracker/contracts';
import { definitionOf, type MailKind } from './mail-kinds.js';
import type { MailText } from './mail-text.js';

export const MAX_SUBJECT = 200;
export const MAX_BODY = 4_000;

/** More would let a short template become a mail of megabytes. */
const MAX_VARIABLES = 40;

/** What every template can use, beside the values of its kind. */
const COMMON_VARIABLES = ['tenant', 'email', 'name'];

const VARIABLE = /\{\{ *([A-Za-z]+) *\}\}/g;

export function variablesOf(kind: MailKind): string[] {
  return [...COMMON_VARIABLES, ...Object.keys(definitionOf(kind).values)];
}

/** The link or code that a mail of the kind is for. */
function requiredVariables(kind: MailKind): string[] {
  return Object.entries(definitionOf(kind).values)
    .filter(([, type]) => type === 'link' || type === 'code')
    .map(([name]) => name);
}

/**
 * What is wrong with a tenant's template of a kind; empty if nothing is. It can use variables and nothing else of Liquid: no
 * tags, which could loop, and no filters. The subject cannot use the link or code, because subjects are shown on locked
 * screens and kept in logs of mail servers.
 */
export function templateProblems(kind: MailKind, { subject, body }: MailText): FieldError[] {
  const secrets = requiredVariables(kind);
  const allowed = variablesOf(kind);
  return [
    ...problemsOf(
      'subject',
      subject,
      allowed.filter((name) => !secrets.includes(name)),
    ),
    ...problemsOf('body', body, allowed),
    ...secrets
      .filter((name) => !usedIn(body).includes(name))
      .map((name) => ({ field: 'body', message: `must use {{ ${name} }}` })),
  ];
}

function problemsOf(field: string, text: string, allowed: readonly string[]): FieldError[] {
  const used = usedIn(text);
  const rest = text.replace(VARIABLE, '');
  return [
    ...(/\{\{|\}\}|\{%|%\}/.test(rest)
      ? [{ field, message: 'can use variables such as {{ tenant }}, and no tags and filters' }]
      : []),
    ...(used.length > MAX_VARIABLES
      ? [{ field, message: `can use at most ${MAX_VARIABLES} variables` }]
      : []),
    ...[...new Set(used)]
      .filter((name) => !allowed.includes(name))
      .map((name) => ({
        field,
        message: `cannot use {{ ${name} }}; it can use ${allowed.join(', ')}`,
      })),
  ];
}

function usedIn(text: string): string[] {
  return [...text.matchAll(VARIABLE)].map(([, name = '']) => name);
}
