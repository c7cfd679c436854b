import { FEATURE_SETTING_DEFAULTS } from '@poc-tracker/contracts';
import {
  choice,
  colour,
  flag,
  hours,
  offUntilBuilt,
  type SettingDefinition,
} from './setting-definition.js';

/**
 * A quarter of an hour: the life of an access token. Sessions that end as soon as they begin would lock everybody out, and
 * with them whoever could set it right.
 */
const MIN_SESSION_HOURS = 0.25;

/** A year in hours: a session that outlives it is a mistake of whoever set it. */
const MAX_SESSION_HOURS = 8_760;

/**
 * Everything that a tenant sets for itself, by group. A group is one row of `tenant_settings`; to
 * add a setting or a group, add it here: storing, reading, changing and documenting follow.
 */
const SETTINGS_CATALOGUE = {
  theme: {
    primaryColor: colour({
      default: '#2563eb',
      description: 'Colour of buttons and links, where the branding states none.',
    }),
    darkMode: flag({ default: false, description: 'Whether pages start in dark colours.' }),
  },
  notifications: {
    email: flag({
      default: true,
      description: 'Whether people are sent e-mails. The service sends none yet, whatever is set.',
    }),
    browser: flag({
      default: true,
      description:
        'Whether pages may show notifications. Pages read it here; the service shows none.',
    }),
  },
  security: {
    sessionTimeout: hours({
      default: 24,
      byPlan: { enterprise: 12 },
      min: MIN_SESSION_HOURS,
      max: MAX_SESSION_HOURS,
      description:
        'Life of a session in hours, counted from the log-in. A shorter one ends running sessions as well.',
    }),
    requireMFA: offUntilBuilt({
      description:
        'Whether a log-in asks for a second factor. There is none yet, so it cannot be switched on.',
      because: 'there is no second factor yet',
    }),
  },
  features: {
    allowPublicPocs: flag({
      default: FEATURE_SETTING_DEFAULTS.allowPublicPocs,
      description: 'Whether a proof of concept can be shown to people who are not signed in.',
    }),
    enableCollaboration: flag({
      default: FEATURE_SETTING_DEFAULTS.enableCollaboration,
      description: 'Whether several people may work on one proof of concept.',
    }),
  },
  registration: {
    mode: choice(['open', 'invited', 'domains'], {
      default: 'open',
      description:
        'Who may register: anybody, people with an invitation only, or with an address of a domain that the tenant ' +
        'has proven as well. An address counts as stated: it is not confirmed by mail yet.',
    }),
  },
} as const satisfies Record<string, Record<string, SettingDefinition>>;

type Catalogue = typeof SETTINGS_CATALOGUE;

export type SettingsGroup = keyof Catalogue;

type ValueOf<D> = D extends SettingDefinition<infer T> ? T : never;

/** What a tenant's settings come to. */
export type TenantSettings = {
  [G in SettingsGroup]: { [S in keyof Catalogue[G]]: ValueOf<Catalogue[G][S]> };
};

/** Names of the groups, in the order of the catalogue. */
export const SETTINGS_GROUPS = Object.keys(SETTINGS_CATALOGUE) as SettingsGroup[];

/** The settings of a group with their names. */
export function settingsOf(group: SettingsGroup): [name: string, SettingDefinition][] {
  return Object.entries<SettingDefinition>(SETTINGS_CATALOGUE[group]);
}
