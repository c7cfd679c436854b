/** Every setting of the product, because its processes may share one environment. The table of the README has the same. */
export const SETTING_NAMES = [
  'API_DOCS',
  'APP_VERSION',
  'ARGON2_ITERATIONS',
  'ARGON2_MEMORY_KIB',
  'ARGON2_PARALLELISM',
  'AUTH_URL',
  'BASE_DOMAIN',
  'COUNTRY_DATABASE',
  'DATABASE_URL',
  'DATA_DIR',
  'DATA_KEYS',
  'DATA_KEYS_FILE',
  'DB_POOL_MAX',
  'DB_POOL_MIN',
  'DB_PREPARED_STATEMENTS',
  'DB_TENANT_SHARE',
  'DEFAULT_TENANT',
  'HEALTH_DETAILS',
  'HOST',
  'JWT_AUDIENCE',
  'JWT_ISSUER',
  'JWT_PRIVATE_KEY',
  'JWT_PRIVATE_KEY_FILE',
  'JWT_PUBLIC_KEY',
  'JWT_PUBLIC_KEY_FILE',
  'JWT_REFRESH_SECRET',
  'JWT_REFRESH_SECRET_FILE',
  'LOG_LEVEL',
  'MAIL_FROM',
  'MAIL_WEBHOOK_SECRET',
  'MAIL_WEBHOOK_SECRET_FILE',
  'MAX_UPLOAD_MB',
  'MIGRATION_DATABASE_URL',
  'NODE_ENV',
  'OPERATOR_MFA',
  'PLATFORM_DATABASE_URL',
  'PORT',
  'PUBLIC_URL',
  'RATE_LIMITS',
  'RATE_LIMIT_SHADOW',
  'REDIS_URL',
  'REQUEST_TIMEOUT_MS',
  'RETENTION_AUDIT_DAYS',
  'RETENTION_MAILS_DAYS',
  'RETENTION_SESSIONS_DAYS',
  'RETENTION_USAGE_DAYS',
  'SHUTDOWN_DELAY_MS',
  'SIGNUP_PLANS',
  'SMTP_URL',
  'SMTP_URL_FILE',
  'STORAGE_DIR',
  'SUBSCRIPTION_GRACE_DAYS',
  'TEMPORARY_PASSWORD_HOURS',
  'TENANT_RESTORE_DAYS',
  'TENANT_SIGNUP',
  'TRACKER_DATABASE_URL',
  'TRACKER_PORT',
  'TRUSTED_PROXIES',
  'UPLOAD_TIMEOUT_MINUTES',
  'UV_THREADPOOL_SIZE',
] as const;

/** Prefixes that hardly any other program uses. */
const OWN_PREFIXES = [
  'ARGON2_',
  'DB_',
  'JWT_',
  'SMTP_',
  'RATE_LIMIT',
  'REDIS_',
  'TENANT_',
  'TRACKER_',
];

/** Variables of docker-compose.yml. */
const COMPOSE_VARIABLES = ['REDIS_PASSWORD', 'TRACKER_PASSWORD'];

/** Variables that Kubernetes adds for each service, such as REDIS_SERVICE_HOST and REDIS_PORT_6379_TCP. */
const KUBERNETES = /_SERVICE_(HOST|PORT)|_PORT_\d+_/;

/**
 * The typing errors that a name of at least a length may contain. In a shorter name, they make another word: HOME is not a
 * misspelled HOST, nor DATABASE_USER a misspelled DATABASE_URL. Three turn a plural in -ies into its singular.
 */
const ALLOWED_EDITS = [
  { length: 15, edits: 3 },
  { length: 6, edits: 2 },
];

/** A sentence for each variable that is set, is no setting and looks like one: it would be ignored silently. */
export function describeMisspelledSettings(env: NodeJS.ProcessEnv): string[] {
  return Object.keys(env)
    .filter((name) => !isSetting(name) && env[name]?.trim() !== '')
    .sort()
    .flatMap((name) => {
      const meant = closestSetting(name);
      if (meant !== undefined) return [`${name} is not a setting. Did you mean ${meant}?`];
      return hasOwnPrefix(name, env[name] ?? '') ? [`${name} is not a setting.`] : [];
    });
}

function isSetting(name: string): boolean {
  return (SETTING_NAMES as readonly string[]).includes(name);
}

function hasOwnPrefix(name: string, value: string): boolean {
  const ofAnother =
    COMPOSE_VARIABLES.includes(name) || KUBERNETES.test(name) || value.startsWith('tcp://');
  return !ofAnother && OWN_PREFIXES.some((prefix) => name.startsWith(prefix));
}

/** The setting with the smallest edit distance, if that is small enough for a typing error. */
function closestSetting(name: string): string | undefined {
  const candidates = SETTING_NAMES.map((setting) => ({
    setting,
    distance: editDistance(name.toUpperCase(), setting),
    allowed: ALLOWED_EDITS.find(({ length }) => setting.length >= length)?.edits ?? 1,
  })).filter(({ distance, allowed }) => distance <= allowed);
  return candidates.sort((left, right) => left.distance - right.distance)[0]?.setting;
}

/** The number of insertions, deletions and substitutions that turn one text into the other (Levenshtein). */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= to.length; j += 1) {
      const substituted = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(substituted, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
