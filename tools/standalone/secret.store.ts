import { generateKeyPairSync, randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { generateLoginPasswords, type LoginPasswords } from '@poc-tracker/embedded';
import { StartFailureError } from '@poc-tracker/http-service';
import {
  createSecretFile,
  type FileKind,
  readOwnFile,
  replaceSecretFile,
  UnsafeFileError,
} from '../secret-file.js';
import { DATA_KEY_BYTES } from '../../apps/auth-service/src/config/data-keys.js';
import { DATA_KEYS_FILE, KEY_FILES } from './running-standalone.js';

/** NIST SP 800-57, part 1: 112 bits of security, the minimum for signatures until 2030. */
const RSA_BITS = 2048;

/** The minimum for HMAC-SHA-256 is 32 bytes (RFC 7518, 3.2). */
const REFRESH_SECRET_BYTES = 48;

/** Secrets that are generated at the first start and stored in files that only the current user can read. */
export class SecretStore {
  /** Creates the folder if it is missing. @throws StartFailureError if this user cannot use it */
  constructor(private readonly folder: string) {
    this.explainRefusal(() => {
      if (existsSync(folder)) return;
      makeFolder(folder);
      // Started by root, the embedded server runs as another user: that user may enter the folder, but not list it.
      chmodSync(folder, 0o711);
    });
  }

  /** Path of the RSA private key (PKCS #8, PEM) that signs access tokens. */
  signingKeyFile(): string {
    return this.keep(KEY_FILES.privateFile, () => {
      const { privateKey } = generateKeyPairSync('rsa', {
        modulusLength: RSA_BITS,
        privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
        publicKeyEncoding: { type: 'spki', format: 'pem' },
      });
      return privateKey;
    });
  }

  /** Path of the public keys of earlier signing keys. Undefined before the first key rotation. */
  publicKeysFile(): string | undefined {
    const file = join(this.folder, KEY_FILES.publicFile);
    return this.explainRefusal(() => (this.read(file, 'trusted') === undefined ? undefined : file));
  }

  /** Path of the secret that signs refresh tokens. */
  refreshSecretFile(): string {
    return this.keep('jwt-refresh-secret', () =>
      randomBytes(REFRESH_SECRET_BYTES).toString('base64'),
    );
  }

  /** Path of the keys that encrypt secrets in the database. Without this file, those secrets are lost. */
  dataKeysFile(): string {
    return this.keep(
      DATA_KEYS_FILE,
      () => `first:${randomBytes(DATA_KEY_BYTES).toString('base64')}`,
    );
  }

  /** Passwords of the database logins. They stay the same, so that other programs can store theirs. */
  loginPasswords(): LoginPasswords {
    const file = this.keep('database-logins.json', () => JSON.stringify(generateLoginPasswords()));
    return this.explainRefusal(() => {
      const kept = JSON.parse(readFileSync(file, 'utf8')) as Partial<LoginPasswords>;
      const passwords = { ...generateLoginPasswords(), ...kept };
      // A later version of the service added a login.
      if (Object.keys(passwords).length > Object.keys(kept).length) {
        replaceSecretFile(file, JSON.stringify(passwords));
      }
      return passwords;
    });
  }

  /**
   * A file gets its name only when it is complete. If two processes start at once, the first one wins. A file that exists is
   * used only if no other user can have put it there.
   */
  private keep(name: string, make: () => string): string {
    const file = join(this.folder, name);
    return this.explainRefusal(() => {
      if (this.read(file, 'secret') !== undefined) return file;
      const draft = `${file}.${randomBytes(6).toString('hex')}`;
      createSecretFile(draft, make());
      try {
        linkSync(draft, file);
      } catch (error) {
        if (!isSystemError(error, 'EEXIST')) throw error;
      } finally {
        rmSync(draft, { force: true });
      }
      return file;
    });
  }

  /** Started by root, the folder may belong to the user whose data it holds. */
  private read(file: string, kind: FileKind): string | undefined {
    return readOwnFile(file, kind, [statSync(this.folder).uid]);
  }

  private explainRefusal<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (error instanceof UnsafeFileError) throw new StartFailureError(error.message);
      if (isSystemError(error, 'ENOENT', 'ENOTDIR', 'ENAMETOOLONG')) {
        throw new StartFailureError(
          `${this.folder} cannot be used as a folder. Set DATA_DIR to another one.`,
        );
      }
      if (!isSystemError(error, 'EACCES', 'EPERM', 'EROFS')) throw error;
      throw new StartFailureError(
        `This user cannot read and write ${this.folder}. Start as its owner, or set DATA_DIR to another folder.`,
      );
    }
  }
}

/** One level at a time: Node's recursive mkdir never returns below /proc, where no folder can be created. */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  mkdirSync(path);
}

function isSystemError(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && codes.includes((error as NodeJS.ErrnoException).code ?? '');
}
