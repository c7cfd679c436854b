import { ApiError, type TenantSnapshot } from '@poc-tracker/contracts';
import { Injectable } from '@nestjs/common';
import {
  contextWithoutRights,
  currentRequestSignal,
  FairQueue,
  type Place,
  TenantDatabase,
} from '@poc-tracker/tenancy';
import { SecurityEvents } from '../audit/security-events.js';
import { AccountLock, type TriedAccount } from '../protection/lockout/account-lock.js';
import { LOCK_MS } from '../protection/lockout/lockout.rules.js';
import { PasswordHasher } from '../protection/passwords/password.hasher.js';
import type { UserRecord } from './user.entity.js';
import { type Credentials, UserRepository } from './user.repository.js';
import { toUserResponse, type UserResponse } from './user.response.js';
import { UserMails } from './user-mails.js';

/**
 * Transactions that may lock the row of one user: one runs, and this many wait. All of them have verified the password first,
 * so the queue of hashes bounds them in all.
 */
const MAX_WAITING_OF_USER = 32;
const MAX_WAITING = 1_024;
const MAX_WAIT_MS = 2_000;

/** Verified credentials. `upgradedHash` is set when the stored hash was made with weaker settings than today's. */
export interface VerifiedCredentials extends Credentials {
  upgradedHash: string | null;
}

/** The cause of INVALID_CREDENTIALS, for the audit log only: the response is the same for every cause. */
export class RefusedCredentials extends Error {
  constructor(
    /** The user whose account the credentials named. */
    readonly userId: string,
    /** Why, where it is not the password itself. */
    readonly reason?: 'temporary_password_expired' | 'account_locked',
  ) {
    super('The credentials of this user were refused.');
  }
}

/** Verifies and changes the passwords of the current tenant's users. */
@Injectable()
export class UserCredentialsService {
  /** Its "tenants" are users. */
  private readonly turns = new FairQueue({
    concurrency: Number.POSITIVE_INFINITY,
    tenantConcurrency: 1,
    capacity: MAX_WAITING,
    tenantCapacity: MAX_WAITING_OF_USER,
    sourceCapacity: MAX_WAITING_OF_USER,
    deadlineMs: MAX_WAIT_MS,
  });

  constructor(
    private readonly users: UserRepository,
    private readonly hasher: PasswordHasher,
    private readonly lock: AccountLock,
    private readonly mails: UserMails,
    private readonly database: TenantDatabase,
    private readonly events: SecurityEvents,
  ) {}

  /**
   * An unknown address, a wrong password, an expired one, an inactive and a locked account get the same answer after the same
   * work: one look-up, one verification (OWASP ASVS 6.3.8). No connection is in use while the password is hashed.
   * More than 5 refusals within 5 minutes lock the account (see AccountLock).
   * @throws ApiError INVALID_CREDENTIALS, SERVICE_BUSY.
   */
  async verify(
    tenant: TenantSnapshot,
    email: string,
    password: string,
  ): Promise<VerifiedCredentials> {
    const place = this.hasher.takePlace();
    try {
      return await this.verifyAt(place, tenant, email, password);
    } finally {
      place.leave();
    }
  }

  /**
   * The same for a code that was sent to the user. A wrong one counts for the lock like a wrong password, and a locked account
   * does not use up its code. Every account gets the same answer after the same work.
   * @param isRight tries the code of a user in a transaction of its own; null: of no user
   * @returns the user's id
   * @throws ApiError INVALID_CODE.
   */
  async verifyCode(
    tenant: TenantSnapshot,
    email: string,
    isRight: (userId: string | null) => Promise<boolean>,
  ): Promise<string> {
    const userId = await this.database.transaction(contextWithoutRights(tenant.id), () =>
      this.users.findActiveId(email),
    );
    const account = { tenantId: tenant.id, userId };
    const locked = await this.lock.isLocked(account);
    const valid = await isRight(locked ? null : userId);
    if (userId === null) {
      await this.lock.recordFailure(account);
      throw new ApiError('INVALID_CODE');
    }
    const cause = new RefusedCredentials(userId, locked ? 'account_locked' : undefined);
    if (!valid) await this.recordFailure(tenant.id, userId);
    if (!valid || !(await this.lock.recordSuccess(account)))
      throw new ApiError('INVALID_CODE', { cause });
    return userId;
  }

  /**
   * Tries another secret of a user than the password, such as a code. A refusal counts for the lock like a wrong password,
   * and a success resets the count.
   * @param attempt undefined for a wrong secret. It does not run for a locked account.
   * @param message of the refusal
   * @throws ApiError INVALID_CREDENTIALS. The cause is RefusedCredentials.
   */
  async tryProof<T>(
    account: { tenantId: string; userId: string },
    attempt: () => Promise<T | undefined>,
    message?: string,
  ): Promise<T> {
    const { tenantId, userId } = account;
    const locked = await this.lock.isLocked(account);
    const proof = locked ? undefined : await attempt();
    if (proof === undefined) {
      await this.recordFailure(tenantId, userId);
      throw refusalOf(userId, locked ? 'account_locked' : undefined, message);
    }
    // Many guesses at once count as well.
    if (!(await this.lock.recordSuccess(account)))
      throw refusalOf(userId, 'account_locked', message);
    return proof;
  }

  /**
   * Runs the transaction of a log-in or of a new password. Those of one user take turns before they use a connection:
   * otherwise a burst of log-ins to one account would wait for the lock of its row, with a connection each. Another instance
   * waits for the lock with one connection.
   * @throws ApiError SERVICE_BUSY if the turn does not come in time.
   */
  async inTransaction<T>(tenantId: string, userId: string, work: () => Promise<T>): Promise<T> {
    const owner = { tenant: userId, source: '' };
    const context = contextWithoutRights(tenantId, userId);
    const transaction = () => this.database.transaction(context, work);
    return this.turns.run(owner, transaction, currentRequestSignal());
  }

  /**
   * Locks the user's row until the transaction ends, if the password is still the one that was verified.
   * Call it in `inTransaction`.
   * @throws ApiError INVALID_CREDENTIALS if the password or the status has changed since.
   */
  async assertUnchanged(email: string, verified: Credentials): Promise<void> {
    if (!(await this.users.lockUnchanged(email, verified))) throw refusalOf(verified.id);
  }

  /**
   * True if the password is one of the user's latest former ones. Call it after `verify`, so that `assertUnchanged` finds a
   * password that became a former one meanwhile. The hashes are verified one after the other, each in its own place of the
   * queue: a change of a password delays the log-ins of others by one hash.
   * @throws ApiError SERVICE_BUSY.
   */
  async isFormerPassword(
    tenantId: string,
    userId: string,
    password: string,
    count: number,
  ): Promise<boolean> {
    if (count === 0) return false;
    const context = contextWithoutRights(tenantId, userId);
    const hashes = await this.database.transaction(context, () =>
      this.users.findFormerPasswords(count),
    );
    for (const hash of hashes) {
      if ((await this.hasher.verify(hash, password)).valid) return true;
    }
    return false;
  }

  /**
   * True if the user with this address has the password now. Not for log-ins: it neither counts nor refuses a failure.
   * @throws ApiError SERVICE_BUSY.
   */
  async isPresentPassword(tenantId: string, email: string, password: string): Promise<boolean> {
    const found = await this.database.transaction(contextWithoutRights(tenantId), () =>
      this.users.findCredentials(email),
    );
    return found !== null && (await this.hasher.verify(found.passwordHash, password)).valid;
  }

  /**
   * The same for a user who proved who they are without the password.
   * @throws ApiError INVALID_CREDENTIALS if the user is not active, PASSWORD_CHANGE_REQUIRED.
   */
  async assertMayLogIn(id: string): Promise<void> {
    const user = await this.users.lock(id);
    if (user?.status !== 'active') throw refusalOf(id);
    if (user.mustChangePassword)
      throw new ApiError('PASSWORD_CHANGE_REQUIRED', { cause: new RefusedCredentials(id) });
  }

  /** Stores a stronger hash of the same password, where `verify` made one. */
  async upgradeHash({ id, upgradedHash }: VerifiedCredentials): Promise<void> {
    if (upgradedHash !== null) await this.users.setPasswordHash(id, upgradedHash);
  }

  /** The user who logs in, before that is counted. */
  async findUser(id: string): Promise<UserRecord> {
    const user = await this.users.findById(id);
    if (user === null) throw refusalOf(id);
    return user;
  }

  /** Counts a log-in. @returns the user after that. */
  async recordLogin(id: string): Promise<UserResponse> {
    return toUserResponse(await this.users.recordLogin(id));
  }

  /** Sets a password that the user has chosen. */
  async setChosenPassword(id: string, passwordHash: string): Promise<void> {
    await this.users.setChosenPassword(id, passwordHash);
  }

  private async verifyAt(
    place: Place,
    tenant: TenantSnapshot,
    email: string,
    password: string,
  ): Promise<VerifiedCredentials> {
    const found = await this.database.transaction(contextWithoutRights(tenant.id), () =>
      this.users.findCredentials(email),
    );
    const account = { tenantId: tenant.id, userId: found?.id ?? null };
    // A locked account is verified as well, and an unknown one is asked for, so that all of them take the same time.
    const locked = await this.lock.isLocked(account);
    if (found === null) {
      await this.hasher.verifyDummy(password, place);
      await this.lock.recordFailure(account);
      throw new ApiError('INVALID_CREDENTIALS');
    }
    const { valid, outdated } = await this.hasher.verify(found.passwordHash, password, place);
    const { id, status, expired } = found;
    if (locked || !valid || status !== 'active' || expired) {
      await this.recordFailure(tenant.id, id);
      throw refusalOf(
        id,
        locked ? 'account_locked' : valid && expired ? 'temporary_password_expired' : undefined,
      );
    }
    if (!(await this.isAccepted(account, found))) throw refusalOf(id, 'account_locked');
    return { ...found, upgradedHash: outdated ? await this.hasher.hash(password) : null };
  }

  /**
   * A log-in that still needs a second factor does not reset the count: a thief of the password could otherwise try codes
   * without end.
   */
  private async isAccepted(account: TriedAccount, { hasFactor }: Credentials): Promise<boolean> {
    return hasFactor
      ? !(await this.lock.isLocked(account))
      : await this.lock.recordSuccess(account);
  }

  /** Counts a wrong secret of a user, and records the lock that it may cause. */
  private async recordFailure(tenantId: string, userId: string): Promise<void> {
    if (!(await this.lock.recordFailure({ tenantId, userId }))) return;
    await this.events.recordInOwnTransaction(tenantId, {
      type: 'account.locked',
      result: 'success',
      target: { type: 'user', id: userId },
    });
    await this.database.transaction(contextWithoutRights(tenantId, userId), async () => {
      const user = await this.users.findById(userId);
      if (user?.status !== 'active') return;
      const values = { until: new Date(Date.now() + LOCK_MS) };
      await this.mails.add(this.database, user, { kind: 'account_locked', values });
    });
  }
}

function refusalOf(
  userId: string,
  reason?: RefusedCredentials['reason'],
  message?: string,
): ApiError {
  const cause = new RefusedCredentials(userId, reason);
  return new ApiError('INVALID_CREDENTIALS', { cause, ...(message !== undefined && { message }) });
}
