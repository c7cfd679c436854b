import { type Command, InvalidArgumentError } from 'commander';
import { Client } from 'pg';
import type { CliContext } from '../cli.context.js';
import { refusal } from '../cli.error.js';
import { DatabaseInUseError, DemoSeeder, type SeedProgress } from '../../demo/demo-seeder.js';
import { ARGON2_DEFAULTS } from '../../../apps/auth-service/src/config/argon2-settings.js';
import { PasswordHasher } from '../../../apps/auth-service/src/protection/passwords/password.hasher.js';
import { temporaryPassword } from '../../../apps/auth-service/src/protection/passwords/temporary-password.js';
import { positiveInteger } from './key.commands.js';
import { subcommand } from '../subcommand.js';

interface SeedOptions {
  tenants: number;
  users: number;
  sessions?: boolean;
  label: string;
  force?: boolean;
  json?: boolean;
}

/** Registers the `seed` command, which adds made-up tenants and users. */
export function registerSeedCommands(program: Command, context: CliContext): void {
  subcommand(
    program,
    'seed',
    'Add demo tenants and users: a few large tenants and many small ones. Do not use it on a database in use: it ' +
      'locks the tables for seconds at a time.',
  )
    .requiredOption('--tenants <number>', 'number of tenants', positiveInteger)
    .requiredOption('--users <number>', 'number of users in all tenants together', positiveInteger)
    .option('--sessions', 'add a session for each active user')
    .option(
      '--label <name>',
      'name of this set of data; the same label continues an interrupted run',
      labelOf,
      'demo',
    )
    .option('--force', 'add the data even if there are demo tenants without this label')
    .addHelpText(
      'after',
      '\nAll users have the same password, which is shown once. Their emails end in .example.\n' +
        'The command needs the owner of the tables: MIGRATION_DATABASE_URL, or a running "npm start".',
    )
    .action(async (options: SeedOptions) => {
      const { tls } = context.connections;
      if (tls) throw refusal('Demo data cannot be added in production (NODE_ENV=production).');
      if (options.tenants > options.users)
        throw refusal(
          'Each tenant needs at least one user: --users must not be less than --tenants.',
        );
      await seed(options, context);
    });
}

async function seed(options: SeedOptions, context: CliContext): Promise<void> {
  const { tenants, users, label, sessions = false, force = false } = options;
  const password = temporaryPassword();
  const owner = new Client({ connectionString: context.connections.ownerUrl() });
  await owner.connect();
  try {
    const seeder = new DemoSeeder(owner);
    if (!force) await assertAlone(seeder, label);
    const started = performance.now();
    const hasher = new PasswordHasher({ passwords: { ...ARGON2_DEFAULTS, concurrency: 1 } });
    const passwordHash = await hasher.hash(password);
    const order = { tenants, users, label, sessions, passwordHash };
    const added = await seeder
      .seed(order, progressLine(users, started, context))
      .catch((error: unknown) => {
        throw error instanceof DatabaseInUseError ? refusal(explain(error)) : error;
      });
    const seconds = Math.round((performance.now() - started) / 100) / 10;
    const result = { ...added, seconds, label, ...(added.users > 0 && { password }) };
    context.show(options, result, () => describe(added, options, password, seconds));
  } finally {
    await owner.end();
  }
}

function explain({ message }: DatabaseInUseError): string {
  return `${message} Adding demo data lifts the protection of the tables for a while. Use another database.`;
}

/** NODE_ENV describes the caller's shell, not the database, so the database itself is checked for other tenants. */
async function assertAlone(seeder: DemoSeeder, label: string): Promise<void> {
  const other = await seeder.findOther(label);
  if (other === null) return;
  throw refusal(
    `This database has tenants without the label "${label}", such as ${other}. ` +
      'If they are demo data too, add --force.',
  );
}

/** Reports progress in ten lines at most, so that it can go to a log. */
function progressLine(
  total: number,
  started: number,
  context: CliContext,
): (done: SeedProgress) => void {
  let reported = 0;
  return ({ tenants, users }) => {
    const tenths = Math.floor((10 * users) / total);
    if (tenths === reported) return;
    reported = tenths;
    const seconds = (performance.now() - started) / 1_000;
    const left = Math.round((seconds * (total - users)) / users);
    context.say(
      `${tenths * 10} %: ${users} users in ${tenants} tenants after ${seconds.toFixed(1)} s, about ${left} s left`,
    );
  };
}

function describe(
  added: SeedProgress,
  { tenants, label }: SeedOptions,
  password: string,
  seconds: number,
): string {
  const before = tenants - added.tenants;
  const there = before === 0 ? '' : ` ${before} tenants exist already.`;
  if (added.users === 0) return `Nothing to add.${there}\n`;
  return (
    `Added ${added.users} users in ${added.tenants} tenants in ${seconds} s.${there}\n` +
    `Password of all users, not shown again: ${password}\n` +
    `For example: admin@${label}-1.example, the admin of ${label}-1.\n`
  );
}

function labelOf(text: string): string {
  if (!/^[a-z][a-z0-9]{0,19}$/.test(text))
    throw new InvalidArgumentError(
      'Use 1 to 20 lowercase letters and digits, starting with a letter.',
    );
  return text;
}
