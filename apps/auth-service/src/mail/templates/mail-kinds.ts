/**
 * Why a mail is sent, which decides whether it is:
 * - `requested`: somebody asked for it in the name of the address, such as a link for a new password. Always sent, and limited
 *   per address, because the person who asks need not be the person who reads.
 * - `security`: tells a user what happened to their account. Always sent.
 * - `notification`: sent only while the tenant's setting `notifications.email` is on.
 */
export type MailCategory = 'requested' | 'security' | 'notification';

/**
 * What a value of a mail is. It decides how the value is written in the language and time zone of the recipient. A `word`
 * is translated if the language has a word for it, such as for a role.
 */
export type ValueType = 'link' | 'code' | 'text' | 'time' | 'word';

interface MailKindDefinition {
  readonly category: MailCategory;
  /** The values that the caller passes, by name. A template can use each as `{{ name }}`. */
  readonly values: Readonly<Record<string, ValueType>>;
}

/**
 * Every mail of the service. The names of kinds and values are those that tenants use in their templates. A value of the type
 * `link` or `code` is what the mail is for, so a template cannot leave it out. A mail is useless after its `expiresAt`.
 */
const MAIL_KINDS = {
  verify_email: { category: 'requested', values: { link: 'link', expiresAt: 'time' } },
  /** To an address that somebody tried to register although it has an account. */
  known_address: { category: 'requested', values: { link: 'link' } },
  reset_password: { category: 'requested', values: { link: 'link', expiresAt: 'time' } },
  magic_link: { category: 'requested', values: { link: 'link', expiresAt: 'time' } },
  login_code: { category: 'requested', values: { code: 'code', expiresAt: 'time' } },
  /** To the new address, which proves it. */
  confirm_new_email: { category: 'requested', values: { link: 'link', expiresAt: 'time' } },
  /** To an admin who tests the mail settings. */
  test_mail: { category: 'requested', values: {} },
  invitation: {
    category: 'notification',
    values: { link: 'link', inviter: 'text', role: 'word', expiresAt: 'time' },
  },
  /** To the admins of a tenant that has used most of a limit, or all of it. */
  limit_warning: {
    category: 'notification',
    values: { resource: 'word', percent: 'text', allowed: 'text', at: 'time' },
  },
  limit_reached: {
    category: 'notification',
    values: { resource: 'word', percent: 'text', allowed: 'text', at: 'time' },
  },
  /** To the former address, with a link that takes the change back. */
  email_changed: {
    category: 'security',
    values: { newEmail: 'text', link: 'link', expiresAt: 'time' },
  },
  password_changed: { category: 'security', values: { at: 'time' } },
  new_device: {
    category: 'security',
    values: { device: 'text', address: 'text', country: 'text', at: 'time' },
  },
  factor_added: { category: 'security', values: { factor: 'word', at: 'time' } },
  factor_removed: { category: 'security', values: { factor: 'word', at: 'time' } },
  factors_reset: { category: 'security', values: { at: 'time' } },
  account_locked: { category: 'security', values: { until: 'time' } },
  suspicious_login: {
    category: 'security',
    values: { device: 'text', address: 'text', country: 'text', at: 'time' },
  },
  operator_access: {
    category: 'security',
    /** The reason is the operator's, or `no_reason`. */
    values: { action: 'word', reason: 'word', at: 'time' },
  },
} as const satisfies Record<string, MailKindDefinition>;

export type MailKind = keyof typeof MAIL_KINDS;

export const KINDS_OF_MAIL = Object.keys(MAIL_KINDS) as MailKind[];

interface ValueTypes {
  link: string;
  code: string;
  text: string;
  word: string;
  time: Date;
}

/** The values of one kind of mail. */
export type MailValues<K extends MailKind> = {
  readonly [
    V in keyof (typeof MAIL_KINDS)[K]['values']
  ]: ValueTypes[(typeof MAIL_KINDS)[K]['values'][V] & ValueType];
};

export const MAIL_LOCALES = ['pt-BR', 'en-US'] as const;

export type MailLocale = (typeof MAIL_LOCALES)[number];

export function definitionOf(kind: MailKind): MailKindDefinition {
  return MAIL_KINDS[kind];
}

export function isMailKind(kind: string): kind is MailKind {
  return Object.hasOwn(MAIL_KINDS, kind);
}

/** The language of a user's mails; a stored locale that has no templates is read as the default of users. */
export function mailLocale(locale: string): MailLocale {
  return MAIL_LOCALES.find((known) => known === locale) ?? MAIL_LOCALES[0];
}
