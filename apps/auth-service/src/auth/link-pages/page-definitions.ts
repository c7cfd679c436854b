const API = '/api/v1/auth';

interface PageDefinition {
  /** The route of the API that the button calls. */
  action: string;
  /** The field of the body that gets the token; null for a page without one. */
  token: 'token' | 'inviteToken' | null;
  fields: readonly FieldName[];
}

export type FieldName = 'email' | 'firstName' | 'lastName' | 'password' | 'newPassword';

/** How browsers fill in a field. */
export const AUTOCOMPLETE: Readonly<Record<FieldName, string>> = {
  email: 'username',
  firstName: 'given-name',
  lastName: 'family-name',
  password: 'current-password',
  newPassword: 'new-password',
};

/** The pages that links in mails open, by their paths. Each needs a click, because mail scanners open links as well. */
export const PAGES = {
  'verify-email': { action: `${API}/email/verify`, token: 'token', fields: [] },
  'reset-password': { action: `${API}/password/reset`, token: 'token', fields: ['newPassword'] },
  /** Also at /reset-password without a token. */
  'forgot-password': { action: `${API}/password/forgot`, token: null, fields: ['email'] },
  'magic-link': { action: `${API}/magic-link/login`, token: 'token', fields: [] },
  'confirm-email': { action: `${API}/email/confirm`, token: 'token', fields: [] },
  'undo-email': { action: `${API}/email/undo`, token: 'token', fields: [] },
  'confirm-registration': {
    action: `${API}/register/confirm`,
    token: 'token',
    fields: ['password'],
  },
  'accept-invitation': {
    action: `${API}/register`,
    token: 'inviteToken',
    fields: ['firstName', 'lastName', 'email', 'password'],
  },
} as const satisfies Readonly<Record<string, PageDefinition>>;

export type PageName = keyof typeof PAGES;

export const PAGE_NAMES = Object.keys(PAGES) as PageName[];

export function definitionOf(name: PageName): PageDefinition {
  return PAGES[name];
}
