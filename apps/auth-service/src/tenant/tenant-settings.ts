/** What a tenant sets for itself. */
export interface TenantSettings {
  theme: { primaryColor: string; darkMode: boolean };
  notifications: { email: boolean; browser: boolean };
  security: {
    /** Life of a session in hours, counted from the log-in. */
    sessionTimeout: number;
    requireMFA: boolean;
  };
  features: { allowPublicPocs: boolean; enableCollaboration: boolean };
}

/** Written with a new tenant, and what holds for it where a setting is absent or unreadable. */
export const DEFAULT_TENANT_SETTINGS: TenantSettings = {
  theme: { primaryColor: '#2563eb', darkMode: false },
  notifications: { email: true, browser: true },
  security: { sessionTimeout: 24, requireMFA: false },
  features: { allowPublicPocs: false, enableCollaboration: true },
};

/** A year in hours: a session that outlives it is a mistake of whoever set it. */
const MAX_SESSION_HOURS = 8_760;

const HEX_COLOR = /^#[0-9a-f]{6}$/i;

/**
 * The settings out of their rows. A row that somebody damaged by hand must not lock a whole tenant
 * out.
 */
export function readTenantSettings(
  rows: readonly { key: string; value: unknown }[],
): TenantSettings {
  const stored = new Map(rows.map(({ key, value }) => [key, value]));
  const { theme, notifications, security, features } = DEFAULT_TENANT_SETTINGS;
  const read = {
    theme: sameTypes(theme, stored.get('theme')),
    notifications: sameTypes(notifications, stored.get('notifications')),
    security: sameTypes(security, stored.get('security')),
    features: sameTypes(features, stored.get('features')),
  };
  if (!HEX_COLOR.test(read.theme.primaryColor)) read.theme.primaryColor = theme.primaryColor;
  const hours = read.security.sessionTimeout;
  if (!(hours > 0 && hours <= MAX_SESSION_HOURS))
    read.security.sessionTimeout = security.sessionTimeout;
  return read;
}

/**
 * The defaults, each replaced by the stored value if that is of the same type; what else is stored
 * is left out.
 */
function sameTypes<T extends object>(defaults: T, stored: unknown): T {
  const given =
    typeof stored === 'object' && stored !== null ? (stored as Record<string, unknown>) : {};
  const fields = Object.entries(defaults).map(([name, value]: [string, unknown]) => [
    name,
    typeof given[name] === typeof value ? given[name] : value,
  ]);
  return Object.fromEntries(fields) as T;
}
