import { randomBytes } from 'node:crypto';
import { argon2id, hash } from 'argon2';
import { type Command, InvalidArgumentError } from 'commander';
import { Client } from 'pg';
import { ARGON2_DEFAULTS } from '../../../apps/auth-service/src/config/argon2-settings.js';
import type { CliContext } from '../cli.context.js';
import { refusal } from '../cli.error.js';
import { DemoSeeder, type SeedProgress } from '../../demo/demo-seeder.js';
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

/** Nobody guesses it, and it passes the password policy. */
const PASSWORD_BYTES = 15;

const ARGON2 = {
  type: argon2id,
  memoryCost: ARGON2_DEFAULTS.memoryKib,
  timeCost: ARGON2_DEFAULTS.iterations,
  parallelism: ARGON2_DEFAULTS.parallelism,
};

/** The command that fills a database with made-up tenants and people. */
export function registerSeedCommands(program: Command, context: CliContext): void {
  subcommand(
    program,
    'seed',
    'Add demo tenants and people: a few big tenants and many small ones. Not for a database that people work in: ' +
      'each step of some seconds keeps everybody else off the tables.',
  )
    .requiredOption('--tenants <number>', 'how many tenants', positiveInteger)
    .requiredOption('--users <number>', 'how many people in all of them', positiveInteger)
    .option('--sessions', 'an open session for everybody who is active')
    .option(
      '--label <name>',
      'names these data; the same again carries on where it was interrupted',
      labelOf,
      'demo',
    )
    .option('--force', 'also beside tenants that are not of this label')
    .addHelpText(
      'after',
      '\nThe people have one password, printed once. Their addresses end in .example.\nNeeds the owner: MIGRATION_DATABASE_URL, or a running npm start.',
    )
    .action(async (options: SeedOptions) => {
      const { tls } = context.connections;
      if (tls) throw refusal('Demo data have no place in a production database.');
      if (options.tenants > options.users)
        throw refusal('There must be a person for each tenant at least.');
      await seed(options, context);
    });
}

async function seed(options: SeedOptions, context: CliContext): Promise<void> {
  const { tenants, users, label, sessions = false, force = false } = options;
  const password = randomBytes(PASSWORD_BYTES).toString('base64url');
  const owner = new Client({ connectionString: context.connections.ownerUrl() });
  await owner.connect();
  try {
    const seeder = new DemoSeeder(owner);
    if (!force) await assertAlone(seeder, label);
    const started = performance.now();
    const order = { tenants, users, label, sessions, passwordHash: await hash(password, ARGON2) };
    const added = await seeder.seed(order, progressLine(users, started, context));
    const seconds = Math.round((performance.now() - started) / 100) / 10;
    const result = { ...added, seconds, label, ...(added.users > 0 && { password }) };
    context.show(options, result, () => describe(added, options, password, seconds));
  } finally {
    await owner.end();
  }
}

/** NODE_ENV is that of the caller's shell, and says nothing of the database that they have named. */
async function assertAlone(seeder: DemoSeeder, label: string): Promise<void> {
  const other = await seeder.findOther(label);
  if (other === null) return;
  throw refusal(
    `This database has tenants that are not of the label "${label}", such as ${other}. ` +
      'If nobody works in it, say --force.',
  );
}

/** Ten lines at most, however large the order: what a log bears as well as a terminal. */
function progressLine(
  total: number,
  started: number,
  context: CliContext,
): (done: SeedProgress) => void {
  let told = 0;
  return ({ tenants, users }) => {
    const tenths = Math.floor((10 * users) / total);
    if (tenths === told) return;
    told = tenths;
    const seconds = (performance.now() - started) / 1_000;
    const left = Math.round((seconds * (total - users)) / users);
    context.say(
      `${tenths * 10} %: ${users} people in ${tenants} tenants after ${seconds.toFixed(1)} s, about ${left} s to go`,
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
  const there = before === 0 ? '' : ` ${before} tenants were there already.`;
  if (added.users === 0) return `Nothing to add:${there}\n`;
  return (
    `Added ${added.users} people in ${added.tenants} tenants in ${seconds} s.${there}\n` +
    `Everybody's password, shown this once: ${password}\n` +
    `For example: admin@${label}-1.example, the admin of ${label}-1.\n`
  );
}

function labelOf(text: string): string {
  if (!/^[a-z][a-z0-9]{0,19}$/.test(text))
    throw new InvalidArgumentError('Use 1 to 20 small letters and digits, a letter first.');
  return text;
}
