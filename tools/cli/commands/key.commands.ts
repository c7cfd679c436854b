import { type Command, InvalidArgumentError, Option } from 'commander';
import type { CliContext } from '../cli.context.js';
import { misuse } from '../cli.error.js';
import { KEY_SIZES, type KeyFiles, newKeyPair, rotateKeys, writeNewPair } from '../key-files.js';
import { commandGroup, subcommand } from '../subcommand.js';

interface RotateOptions {
  private?: string;
  public?: string;
  bits: string;
  keepHours: number;
  prepare?: boolean;
  json?: boolean;
}

/** Tokens live for 15 minutes; the rest is for instances that are restarted late. */
const KEEP_HOURS = 24;

/** The commands for the keys that sign access tokens. They work on files and need no database. */
export function registerKeyCommands(program: Command, context: CliContext): void {
  const keys = commandGroup(program, 'keys', 'The RSA keys that sign access tokens.');

  subcommand(keys, 'generate', 'Make a pair: print it, or write it into a folder.')
    .option('--out <folder>', 'write jwt-private.pem and jwt-public.pem there, mode 0600')
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
    'Put a new signing key in place; the old public key stays in the bundle, so nobody is logged out.',
  )
    .option(
      '--private <file>',
      'the signing key; default JWT_PRIVATE_KEY_FILE, or that of "npm start"',
    )
    .option('--public <file>', 'the bundle; default JWT_PUBLIC_KEY_FILE, or that of "npm start"')
    .option(
      '--prepare',
      'publish the next key only: with several instances, restart them all in between',
    )
    .option(
      '--keep-hours <hours>',
      'how long a retired key stays published',
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
          ? `A new key signs in ${files.privateFile}; ${files.publicFile} accepts ${done.published} keys.\n` +
            'Restart every instance.\n'
          : `The next key is published in ${files.publicFile}.\n` +
            'Restart every instance, then run "keys rotate" and restart them again.\n',
      );
    });
}

function bitsOption(): Option {
  return new Option('--bits <number>', 'strength; more is slower to sign with')
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

/** A whole number from 1 up. */
export function positiveInteger(text: string): number {
  if (!/^[1-9]\d{0,11}$/.test(text))
    throw new InvalidArgumentError('Use a whole number from 1 up.');
  return Number(text);
}
