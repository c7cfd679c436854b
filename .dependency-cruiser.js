/**
 * The one-way rules of the code base. Dependencies point down this list, never up:
 *
 *   contracts ← auth-kit ← http-service, text ← http-service
 *   contracts ← tenancy ← schedule ← audit ← tenant ← mail ← user ← factor ← session ← auth ← admin ← platform ← tools
 *                                                       session ← oauth
 *
 * Each comment says what to do instead of breaking the rule.
 */

const SPECS = '\\.(spec|fixture)\\.ts$';
/** Code that runs on developers' machines and in CI only. */
const DEVELOPMENT = `${SPECS}|^test/|^scripts/|^libs/testing/|^[^/]+\\.ts$`;
/** Code that never runs inside a service. */
const NOT_SERVICE = `${DEVELOPMENT}|^tools/`;

const module = (...names) => `^apps/auth-service/src/(${names.join('|')})/`;
const library = (...names) => `^libs/(${names.join('|')})/`;

/** A library may use itself and the libraries named here; specs may use libs/testing as well. */
function libraryMayUse(name, allowed, comment) {
  return {
    name: `${name}-uses-only-${allowed.join('-and-') || 'nothing'}`,
    comment,
    severity: 'error',
    from: { path: library(name), pathNot: SPECS },
    to: { path: '^(apps|libs|test|tools|scripts)/', pathNot: library(name, ...allowed) },
  };
}

/** A module of the service never imports the modules above it. */
function moduleNeverUses(name, above, comment) {
  return {
    name: `${name}-below-${above.join('-')}`,
    comment,
    severity: 'error',
    from: { path: module(name), pathNot: SPECS },
    to: { path: module(...above) },
  };
}

/** The same within the tracker: tenant and storage ← pocs ← files, events. */
function trackerModuleNeverUses(name, above, comment) {
  const path = (...names) => `^apps/poc-tracker/src/(${names.join('|')})/`;
  return {
    name: `tracker-${name}-below-${above.join('-')}`,
    comment,
    severity: 'error',
    from: { path: path(name), pathNot: SPECS },
    to: { path: path(...above) },
  };
}

export default {
  forbidden: [
    {
      name: 'no-cycles',
      comment:
        'Two files that import each other cannot be read or tested alone, and Nest would need forwardRef. ' +
        'Move what both need into the lower one, or let the upper one pass it in.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'libraries-never-import-apps',
      comment:
        'A library serves every app. Move the code into the library, or take it as a parameter: ' +
        'an abstract class that the app provides.',
      severity: 'error',
      from: { path: '^libs/' },
      to: { path: '^apps/' },
    },
    {
      name: 'contracts-import-no-package',
      comment:
        'libs/contracts is read by browsers and sibling services: it has no dependency at all, not even ' +
        "Node's own modules. Put code that needs one into auth-kit or tenancy.",
      severity: 'error',
      from: { path: library('contracts'), pathNot: SPECS },
      to: { dependencyTypes: ['npm', 'npm-dev', 'npm-optional', 'npm-peer', 'core'] },
    },
    libraryMayUse('contracts', [], 'libs/contracts is the bottom. Move shared names down into it.'),
    libraryMayUse(
      'text',
      [],
      'text has the rules of product text and needs nothing of the product.',
    ),
    libraryMayUse(
      'auth-kit',
      ['contracts'],
      'A sibling service imports auth-kit without our database. Declare what it needs to know as an ' +
        'interface there (see SessionStatusSource) and implement it in the service.',
    ),
    libraryMayUse(
      'tenancy',
      ['contracts'],
      'tenancy knows transactions and tenants, not tokens. Pass ids in; keep claims and guards in auth-kit.',
    ),
    {
      name: 'transaction-below-request',
      comment:
        'A transaction does not know which request it belongs to, because background jobs open transactions too. Let ' +
        'TenantDatabase or PlatformDatabase, which stand above both folders, connect them.',
      severity: 'error',
      from: { path: '^libs/tenancy/src/transaction/', pathNot: SPECS },
      to: { path: '^libs/tenancy/src/(request/|(tenant|platform)-database\\.ts$)' },
    },
    libraryMayUse(
      'redis',
      [],
      'redis knows how to connect to Redis and how long to wait for it. What is stored there belongs to the library that uses it.',
    ),
    libraryMayUse(
      'revocation-feed',
      ['contracts', 'auth-kit', 'tenancy', 'redis'],
      'revocation-feed brings revocations from PostgreSQL and Redis into auth-kit. It knows no application.',
    ),
    libraryMayUse(
      'tenant-cache',
      ['contracts', 'auth-kit', 'tenancy', 'redis'],
      'tenant-cache keeps values that the revocation feed of auth-kit invalidates. It knows no application: declare a cache ' +
        'in the application.',
    ),
    libraryMayUse(
      'rate-limit',
      ['contracts', 'auth-kit', 'tenancy', 'http-service', 'redis'],
      'rate-limit counts requests and knows no application: who sends a request, and what is recorded, is passed in ' +
        '(see RateLimitSubjects and RateLimitReporter).',
    ),
    libraryMayUse(
      'http-service',
      ['contracts', 'auth-kit', 'text'],
      'http-service is the edge of any service: envelope, errors, limits of a request, documents. It knows no database.',
    ),
    libraryMayUse(
      'embedded',
      [],
      'embedded starts PostgreSQL and creates the databases, logins and roles of the product. It uses no other library; pass ' +
        'what it needs as options.',
    ),
    libraryMayUse(
      'testing',
      ['contracts', 'tenancy', 'embedded'],
      'libs/testing serves the specs of every app. Take what belongs to one app as a parameter.',
    ),
    moduleNeverUses(
      'schedule',
      ['audit', 'tenant', 'mail', 'user', 'factor', 'session', 'auth', 'admin', 'oauth'],
      'schedule runs jobs and knows none. Register the job from the module whose work it is.',
    ),
    moduleNeverUses(
      'retention',
      ['audit', 'tenant', 'mail', 'user', 'factor', 'session', 'auth', 'admin', 'oauth'],
      'retention calls the functions of the database that delete rows. It needs no service of another module.',
    ),
    moduleNeverUses(
      'audit',
      ['tenant', 'mail', 'user', 'factor', 'session', 'auth', 'admin', 'oauth'],
      'audit records what the modules above tell it. Pass what the entry needs to SecurityEvents.record.',
    ),
    moduleNeverUses(
      'oauth',
      ['user', 'factor', 'auth', 'admin'],
      'oauth answers other services from sessions and tokens. Offer a method on a service of session/.',
    ),
    moduleNeverUses(
      'tenant',
      ['mail', 'user', 'factor', 'session', 'auth', 'admin', 'oauth'],
      'tenant stands below mail, user, factor, session, auth and admin. Let the upper module call TenantService and join the ' +
        'results (see the sign-up in auth/).',
    ),
    moduleNeverUses(
      'mail',
      ['user', 'factor', 'session', 'auth', 'admin', 'oauth'],
      'mail sends what the modules above add to its outbox. Pass the recipient and the values of the mail to MailOutbox.add.',
    ),
    moduleNeverUses(
      'user',
      ['factor', 'session', 'auth', 'admin', 'oauth'],
      'user stands below factor, session, auth and admin. Offer a method on UserService or UserCredentialsService and let ' +
        'them call it.',
    ),
    moduleNeverUses(
      'factor',
      ['session', 'auth', 'admin', 'oauth'],
      'factor stands below session, auth and admin: it verifies factors and opens no session. Let auth/ call ' +
        'FactorVerificationService.',
    ),
    moduleNeverUses(
      'session',
      ['auth', 'admin', 'oauth'],
      'session stands below auth and admin. Take the user as a parameter of the SessionService method.',
    ),
    moduleNeverUses(
      'auth',
      ['admin', 'oauth'],
      'auth stands below admin. Offer a method on a service of auth/ and let admin call it.',
    ),
    moduleNeverUses(
      'protection',
      ['tenant', 'mail', 'user', 'factor', 'session', 'auth', 'admin'],
      'protection holds rules that every module may use. Pass the words, counts or addresses in.',
    ),
    moduleNeverUses(
      'config',
      [
        'schedule',
        'retention',
        'audit',
        'tenant',
        'mail',
        'user',
        'factor',
        'session',
        'auth',
        'admin',
        'oauth',
        'protection',
        'observability',
        'redis',
        'migrations',
      ],
      'config only reads the environment. Inject APP_CONFIG where the value is used.',
    ),
    {
      name: 'platform-uses-only-top',
      comment:
        'platform/ sees every tenant, on the login of the operators. No lower module imports it: take ' +
        'what you need as a parameter.',
      severity: 'error',
      from: {
        path: '^apps/auth-service/src/(?!platform/|app\\.module\\.ts$)',
        pathNot: SPECS,
      },
      to: { path: module('platform') },
    },
    {
      name: 'nothing-imports-tools',
      comment:
        'tools/ holds what the running services do not need: the standalone start, demo data, the command line. A production ' +
        'bundle contains none of it. Move what a service needs into the service or a library.',
      severity: 'error',
      from: { path: '^(apps|libs)/' },
      to: { path: '^tools/' },
    },
    {
      name: 'apps-never-import-each-other',
      comment:
        'Services share a database and libraries, but no code. Move what both need into a library.',
      severity: 'error',
      from: { path: '^apps/([^/]+)/', pathNot: `${SPECS}|^apps/[^/]+/src/migrations/` },
      to: { path: '^apps/', pathNot: '^apps/$1/' },
    },
    {
      name: 'tracker-holds-no-key',
      comment:
        'The tracker verifies tokens by public keys and signs none. Signing, passwords and sessions are the service’s.',
      severity: 'error',
      from: { path: '^apps/poc-tracker/', pathNot: SPECS },
      to: { path: '(^|/)node_modules/(@nestjs/jwt|jsonwebtoken|argon2|passport)' },
    },
    trackerModuleNeverUses(
      'tenant',
      ['storage', 'pocs', 'files', 'events', 'observability'],
      'tenant says for whom a request is. Let the upper module ask it.',
    ),
    trackerModuleNeverUses(
      'storage',
      ['tenant', 'pocs', 'files', 'events', 'observability'],
      'storage knows ids and bytes. Pass the key in.',
    ),
    trackerModuleNeverUses(
      'pocs',
      ['files', 'events', 'observability'],
      'pocs stands below files and events. Offer a method on PocService and let them call it.',
    ),
    {
      name: 'migrations-import-only-sql-helpers',
      comment:
        'A released migration must not change. It imports the SQL helpers of libs/tenancy and the constants of its own ' +
        'folder; copy any other value into it. Only the list of all migrations imports that of another app.',
      severity: 'error',
      from: { path: '^apps/([^/]+)/src/migrations/', pathNot: SPECS },
      to: {
        path: '^(apps|libs|test|tools|scripts)/',
        pathNot:
          '^apps/$1/src/migrations/|^libs/tenancy/src/index\\.ts$|^apps/[^/]+/src/migrations/index\\.ts$',
      },
    },
    {
      name: 'entities-and-repositories-stay-inside',
      comment:
        'A module exports services; its repositories and entities stay inside. Add a method to a service of that module ' +
        'instead of using its tables.',
      severity: 'error',
      from: { path: '^apps/[^/]+/src/([^/]+)/', pathNot: SPECS },
      to: {
        path: '^apps/[^/]+/src/[^/]+/.+\\.(entity|repository)\\.ts$',
        pathNot: '^apps/[^/]+/src/$1/',
      },
    },
    {
      name: 'controllers-delegate',
      comment: 'A controller is decorators and one line: call a service of the module.',
      severity: 'error',
      from: { path: '\\.controller\\.ts$' },
      to: { path: '\\.(entity|repository)\\.ts$|(^|/)node_modules/(pg|typeorm)/' },
    },
    {
      name: 'libraries-through-their-root',
      comment:
        "Import '@poc-tracker/<name>'. If something is missing there, export it from the library's index.ts.",
      severity: 'error',
      from: { path: '^(apps|libs|test|tools|scripts)/([^/]+)/' },
      to: { path: '^libs/([^/]+)/src/(?!index\\.ts$)', pathNot: '^$1/$2/' },
    },
    {
      name: 'testing-only-from-tests',
      comment:
        'libs/testing starts servers and writes rows without regard to policies. Only specs, test/ and scripts/ use it.',
      severity: 'error',
      from: { pathNot: DEVELOPMENT },
      to: { path: library('testing') },
    },
    {
      name: 'embedded-only-from-standalone',
      comment:
        'A service uses the database of its settings. Only npm start, tests and scripts start one of their own.',
      severity: 'error',
      from: { pathNot: `${NOT_SERVICE}|^libs/embedded/` },
      to: { path: library('embedded') },
    },
    {
      name: 'tests-are-not-imported',
      comment: 'Move what is shared into libs/testing.',
      severity: 'error',
      from: { path: '^(apps|libs|tools|scripts)/', pathNot: SPECS },
      to: { path: `${SPECS}|^test/` },
    },
    {
      name: 'no-development-package-in-the-service',
      comment:
        'It is not installed in production. Move it to `dependencies`, or the code into a test.',
      severity: 'error',
      from: { path: '^(apps|libs)/', pathNot: NOT_SERVICE },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-undeclared-package',
      comment: 'Add it to package.json with an exact version; today it is here by accident.',
      severity: 'error',
      from: {},
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'every-import-resolves',
      comment: 'The file or package does not exist. Relative imports end in .js.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|coverage|\\.data)/' },
    tsConfig: { fileName: 'tsconfig.json' },
    // Type imports bind modules to each other as much as values do.
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.mjs', '.json'],
    },
    skipAnalysisNotInRules: true,
    reporterOptions: { text: { highlightFocused: true } },
  },
};
