import {
  COUNTRY_POLICIES,
  DEFAULT_ALLOWED_COUNTRIES,
  FEATURE_SETTING_DEFAULTS,
  ROLES,
} from '@poc-tracker/contracts';
import {
  MAX_MIN_PASSWORD_LENGTH,
  MIN_PASSWORD_LENGTH,
} from '../../protection/passwords/password-text.js';
import {
  choice,
  color,
  count,
  countries,
  domainNames,
  flag,
  hours,
  selection,
  type SettingDefinition,
  words,
} from './setting-definition.js';

/**
 * Twice the lifetime of an access token. Only a refresh is use, so with less a session could end between two refreshes of
 * a client in use, and with hardly any, every user would be locked out, including the admin who could correct it.
 */
const MIN_SESSION_HOURS = 0.5;

/** An unused refresh token expires after seven days, so no session lasts longer without use. */
const MAX_IDLE_HOURS = 168;

/** A year. A longer session is more likely a typing error. */
const MAX_SESSION_HOURS = 8_760;

/** Each is a hash of tens of milliseconds, one after the other: together they stay well within the time of a request. */
const MAX_FORMER_PASSWORDS = 24;

/** More than any user has devices. */
const MAX_SESSIONS = 1_000;

/**
 * All settings of a tenant, by group. A group is one row of `tenant_settings`. A setting or a group that is added here can be
 * stored, read and changed, and is documented.
 */
const SETTINGS_CATALOGUE = {
  theme: {
    primaryColor: color({
      default: '#2563eb',
      description: 'Color of buttons and links, unless the branding sets one.',
    }),
    darkMode: flag({ default: false, description: 'Whether pages use dark colors by default.' }),
  },
  notifications: {
    email: flag({
      default: true,
      description:
        'Whether users receive emails that they did not ask for, such as invitations. Requested emails and security notices are ' +
        'always sent.',
    }),
    browser: flag({
      default: true,
      description: 'Whether pages may show notifications. The service itself shows none.',
    }),
  },
  security: {
    sessionTimeout: hours({
      default: 24,
      min: MIN_SESSION_HOURS,
      max: MAX_IDLE_HOURS,
      description:
        'Hours without use after which a session ends. A log-in and each refresh are use. At most the session lifetime. A ' +
        'shorter time also applies to active sessions.',
    }),
    sessionLifetime: hours({
      default: 168,
      min: MIN_SESSION_HOURS,
      max: MAX_SESSION_HOURS,
      description:
        'Hours after which a session ends in any case, from the log-in. A shorter lifetime also applies to active sessions.',
    }),
    maxSessions: count({
      default: 100,
      min: 1,
      max: MAX_SESSIONS,
      description:
        'Active sessions that a user can have. A log-in beyond it revokes the sessions that have not been used for the longest time.',
    }),
    passwordMinLength: count({
      default: MIN_PASSWORD_LENGTH,
      min: MIN_PASSWORD_LENGTH,
      max: MAX_MIN_PASSWORD_LENGTH,
      description:
        'Characters that a new password must have. 15 are recommended where the password is the only factor. It applies to the ' +
        'next password that a user sets; the present ones stay valid.',
    }),
    passwordHistory: count({
      default: 0,
      min: 0,
      max: MAX_FORMER_PASSWORDS,
      description:
        'Former passwords of a user that a new one must differ from, beside the present one. They are kept from the next change ' +
        'on. Each costs the time of a log-in when a password is changed.',
    }),
    passwordWords: words({
      default: [],
      description:
        'Words that a new password must not contain, such as products and places of the tenant, regardless of case and accents. Its ' +
        'name, subdomain and domain are always among them. Every user of the tenant can read the list.',
    }),
    countryPolicy: choice(COUNTRY_POLICIES, {
      default: 'off',
      description:
        'What happens to log-ins, registrations, password changes and refreshes from a country that is not allowed: nothing ' +
        '(off), log-ins are recorded in the audit log (observe), or all are refused (enforce). An address of no known country is allowed.',
      unavailable: {},
    }),
    allowedCountries: countries({
      default: DEFAULT_ALLOWED_COUNTRIES,
      description:
        'The countries that the country policy allows. An empty list allows every country that is not denied.',
    }),
    deniedCountries: countries({
      default: [],
      description:
        'The countries that the country policy does not allow, even if the other list has them.',
    }),
    riskPolicy: choice(['observe', 'challenge', 'refuse'], {
      default: 'observe',
      description:
        'What happens to a suspicious log-in, which has the right password and a risk score above 70: it succeeds (observe), ' +
        'needs a second factor or, from a user who has none, a code by mail (challenge), or is refused (refuse). ' +
        'The audit log has the score of every log-in but the first.',
      unavailable: {},
    }),
    requireMFA: flag({
      default: false,
      description:
        'Whether users need a second factor. It holds at once, also in active sessions: users without a factor can only add ' +
        'one, and users who have not used theirs in the session must do so.',
    }),
    mfaRoles: selection(ROLES, {
      default: [],
      description: 'The roles for which requireMFA holds. An empty list stands for all roles.',
    }),
    emailCodeFactor: flag({
      default: true,
      description:
        'Whether a user without a second factor can answer the challenge of riskPolicy with a code by mail. Otherwise their ' +
        'suspicious log-ins are refused. A code by mail never replaces a second factor, and does not satisfy requireMFA.',
    }),
    rememberDevices: flag({
      default: false,
      description:
        'Whether users can skip the second factor for 30 days on a device where they have used it. A new password or another ' +
        'factor ends that, and so does switching it off.',
    }),
  },
  features: {
    allowPublicPocs: flag({
      default: FEATURE_SETTING_DEFAULTS.allowPublicPocs,
      description: 'Whether a proof of concept can be shared with people who are not logged in.',
    }),
    enableCollaboration: flag({
      default: FEATURE_SETTING_DEFAULTS.enableCollaboration,
      description: 'Whether several users may work on one proof of concept.',
    }),
  },
  registration: {
    mode: choice(['open', 'invited', 'domains'], {
      default: 'open',
      description:
        'Who may register without an invitation: anyone (open), no one (invited), or users with an address of one of the domains ' +
        '(domains), who have to confirm it.',
      unavailable: {},
    }),
    domains: domainNames({
      default: [],
      description:
        'The domains whose addresses may register if the mode is domains. A subdomain is another domain.',
    }),
    confirmation: choice(['none', 'email'], {
      default: 'none',
      description:
        'Whether new users have to confirm their address by a link in a mail (email). Until then there is no user: nothing logs ' +
        'in, and no seat is taken. All addresses get the same answer, and one that has an account gets a mail. A registration ' +
        'that is not confirmed is deleted after 7 days.',
      unavailable: {},
    }),
  },
  login: {
    magicLink: flag({
      default: false,
      description: 'Whether users may log in by a link in a mail instead of a password.',
    }),
    emailCode: flag({
      default: false,
      description: 'Whether users may log in by a code in a mail instead of a password.',
    }),
  },
} as const satisfies Record<string, Record<string, SettingDefinition>>;

type Catalogue = typeof SETTINGS_CATALOGUE;

export type SettingsGroup = keyof Catalogue;

type ValueOf<D> = D extends SettingDefinition<infer T> ? T : never;

/** The values of all settings. */
export type TenantSettings = {
  [G in SettingsGroup]: { [S in keyof Catalogue[G]]: ValueOf<Catalogue[G][S]> };
};

export const SETTINGS_GROUPS = Object.keys(SETTINGS_CATALOGUE) as SettingsGroup[];

/** The settings of a group with their names. */
export function settingsOf(group: SettingsGroup): [name: string, SettingDefinition][] {
  return Object.entries<SettingDefinition>(SETTINGS_CATALOGUE[group]);
}
