import { type Command, InvalidArgumentError, Option } from 'commander';
import type { CliContext } from '../cli.context.js';
import { EXIT, misuse } from '../cli.error.js';
import { KEY_SIZES, type KeyFiles, newKeyPair, rotateKeys, writeNewPair } from '../key-files.js';
import { commandGroup, subcommand } from '../subcommand.js';
import type { RotatedColumn } from './data-rotation.js';

interface RotateOptions {
  private?: string;
  public?: string;
  bits: string;
  keepHours: number;
  prepare?: boolean;
  json?: boolean;
}

/** Tokens are valid for 15 minutes. The rest is for instances that are restarted late. */
const KEEP_HOURS = 24;

/** Registers the `keys` commands. Only the rotation of data keys needs the database. */
export function registerKeyCommands(program: Command, context: CliContext): void {
  const keys = commandGroup(
    program,
    'keys',
    'Manage the RSA keys that sign access tokens, and the keys that encrypt data.',
  );

  subcommand(keys, 'generate', 'Generate a key pair and print it, or write it to a folder.')
    .option(
      '--out <folder>',
      'write jwt-private.pem and jwt-public.pem to this folder, with mode 0600',
    )
    .addOption(bitsOption())
    .action((options: { out?: string; bits: string; json?: boolean }) => {
      const pair = newKeyPair(Number(options.bits));
      if (options.out === undefined) {
        context.show(options, pair, () => pair.privateKey + pair.publicKey);
        return;
      }
      const files = writeNewPair(options.out, pair);
      context.show(
        options,
        files,
        () =>
          `JWT_PRIVATE_KEY_FILE=${files.privateFile}\nJWT_PUBLIC_KEY_FILE=${files.publicFile}\n`,
      );
    });

  subcommand(
    keys,
    'rotate',
    'Replace the signing key. The old public key stays in the bundle, so no user is logged out.',
  )
    .option(
      '--private <file>',
      'signing key; default: JWT_PRIVATE_KEY_FILE, or the key of "npm start"',
    )
    .option(
      '--public <file>',
      'bundle of public keys; default: JWT_PUBLIC_KEY_FILE, or the bundle of "npm start"',
    )
    .option('--prepare', 'only publish the next key; then restart all instances and rotate')
    .option(
      '--keep-hours <hours>',
      'hours for which a retired key stays in the bundle',
      positiveInteger,
      KEEP_HOURS,
    )
    .addOption(bitsOption())
    .action((options: RotateOptions) => {
      const files = filesOf(options, context);
      const { bits, keepHours, prepare: prepareOnly = false } = options;
      const done = rotateKeys(files, {
        bits: Number(bits),
        keepHours,
        prepareOnly,
        now: new Date(),
      });
      context.show(options, { ...files, ...done }, () =>
        done.signs
          ? `The new signing key is in ${files.privateFile}. ${files.publicFile} has ${done.published} keys.\n` +
            'Restart all instances.\n'
          : `The next key is published in ${files.publicFile}.\n` +
            'Restart all instances, then run "keys rotate" and restart them again.\n',
      );
    });

  subcommand(
    keys,
    'rotate-data',
    'Encrypt stored secrets with the first key of DATA_KEYS. Safe at any time, also again after an interruption.',
  ).action(async (options: { json?: boolean }) => {
    const dataKeys = await context.dataKeys();
    const { platform } = await context.services();
    const { rotateData } = await import('./data-rotation.js');
    const columns = await rotateData(platform, dataKeys);
    const keyInUse = columns.some(({ otherKeys }) => Object.keys(otherKeys).length > 0);
    if (keyInUse) context.exitCode = EXIT.refused;
    context.show(options, { key: dataKeys[0]?.id, columns }, () =>
      columns.map((column) => describeColumn(column)).join(''),
    );
  });
}

function describeColumn({ column, values, reencrypted, otherKeys }: RotatedColumn): string {
  const inUse = Object.entries(otherKeys).map(
    ([id, count]) => `The key ${id} still encrypts ${count} of them. Keep it in DATA_KEYS.\n`,
  );
  return `${column}: ${reencrypted} of ${values} values were encrypted again.\n${inUse.join('')}`;
}

function bitsOption(): Option {
  return new Option('--bits <number>', 'key size; signing takes longer with more bits')
    .choices([...KEY_SIZES])
    .default('2048');
}

function filesOf(options: RotateOptions, { connections }: CliContext): KeyFiles {
  const standalone = connections.standaloneKeys();
  const privateFile =
    options.private ?? connections.read('JWT_PRIVATE_KEY_FILE') ?? standalone?.privateFile;
  const publicFile =
    options.public ?? connections.read('JWT_PUBLIC_KEY_FILE') ?? standalone?.publicFile;
  if (privateFile === undefined)
    throw misuse('Name the signing key: --private <file>, or JWT_PRIVATE_KEY_FILE.');
  if (publicFile === undefined)
    throw misuse('Name the bundle of public keys: --public <file>, or JWT_PUBLIC_KEY_FILE.');
  return { privateFile, publicFile };
}

/** Parses a whole number from 1 up. */
export function positiveInteger(text: string): number {
  if (!/^[1-9]\d{0,11}$/.test(text))
    throw new InvalidArgumentError('Use a whole number from 1 up.');
  return Number(text);
}
