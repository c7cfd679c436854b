import { setTimeout as delay } from 'node:timers/promises';
import { NIL_UUID, type TenantSnapshot } from '@poc-tracker/contracts';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { type RequestClient, TenantDatabase } from '@poc-tracker/tenancy';
import type { UserTokensResponse } from '../../session/session.response.js';
import { UserCredentialsService } from '../../user/user-credentials.service.js';
import { UserMails } from '../../user/user-mails.js';
import { LoginService } from '../login/login.service.js';
import type { ProvenLogin } from '../login/proven-login.js';
import { MailRequests } from '../mail-requests/mail-requests.js';
import { ACCEPTED, type AcceptedResponse } from '../one-time-tokens/account.response.js';
import { OneTimeTokenService } from '../one-time-tokens/one-time-token.service.js';
import { LoginMethods } from './login-methods.js';
import type { CodeLoginDto } from './passwordless.dto.js';

/**
 * A refusal takes at least this long. A wrong code of a user is counted in a row that only users have, so the work of a few
 * milliseconds differs, and no hash of a password is beside it that would hide it.
 */
const REFUSAL_MS = 100;

/** Log-in by a code of six digits in a mail. */
@Injectable()
export class LoginCodeService implements OnModuleInit {
  constructor(
    private readonly methods: LoginMethods,
    private readonly requests: MailRequests,
    private readonly tokens: OneTimeTokenService,
    private readonly credentials: UserCredentialsService,
    private readonly logins: LoginService,
    private readonly mails: UserMails,
    private readonly database: TenantDatabase,
  ) {}

  onModuleInit(): void {
    this.requests.register('login_code', async (user) => {
      const values = await this.tokens.createCode(this.database, user, 'login_code');
      await this.mails.add(this.database, user, { kind: 'login_code', values });
    });
  }

  /**
   * Sends a code to the active user with this address, after the answer, which is the same for every address.
   * @throws ApiError LOGIN_METHOD_DISABLED, SERVICE_BUSY.
   */
  async send(tenant: TenantSnapshot, email: string): Promise<AcceptedResponse> {
    await this.methods.assertAllowed(tenant, 'emailCode');
    await this.requests.accept(tenant, 'login_code', { email });
    return ACCEPTED;
  }

  /**
   * Uses up the code and opens a session. A code that a refused log-in has used up is not valid again.
   * @throws ApiError LOGIN_METHOD_DISABLED, INVALID_CODE; with the right code PASSWORD_CHANGE_REQUIRED, SUSPICIOUS_LOGIN,
   *   SECOND_FACTOR_REQUIRED.
   */
  async logIn(
    tenant: TenantSnapshot,
    input: CodeLoginDto,
    client: RequestClient,
  ): Promise<UserTokensResponse> {
    await this.methods.assertAllowed(tenant, 'emailCode');
    return refusingInTime(() => this.attempt(tenant, input, client));
  }

  private attempt(
    tenant: TenantSnapshot,
    { email, code, deviceId }: CodeLoginDto,
    client: RequestClient,
  ): Promise<UserTokensResponse> {
    return this.logins.attempt(tenant, async () => {
      const userId = await this.credentials.verifyCode(tenant, email, (id) =>
        // Without an account the same work is done for a user who does not exist.
        this.tokens.tryCode({ tenantId: tenant.id, id: id ?? NIL_UUID }, 'login_code', code),
      );
      const login: ProvenLogin = { tenant, userId, amr: ['email'], client, deviceId };
      return this.logins.open(login, () => this.credentials.assertMayLogIn(userId));
    });
  }
}

/** Runs `work`, and throws its error when {@link REFUSAL_MS} have passed. No connection is in use while it waits. */
async function refusingInTime<T>(work: () => Promise<T>): Promise<T> {
  const due = delay(REFUSAL_MS, undefined, { ref: false });
  try {
    return await work();
  } catch (error) {
    await due;
    throw error;
  }
}
