import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto';
import { ApiError, type TenantSnapshot } from '@poc-tracker/contracts';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { type RequestClient, TenantDatabase } from '@poc-tracker/tenancy';
import { APP_CONFIG, type AppConfig } from '../../config/app-config.js';
import { deriveKey } from '../../config/derived-key.js';
import type { UserTokensResponse } from '../../session/session.response.js';
import { UserCredentialsService } from '../../user/user-credentials.service.js';
import { LoginService } from '../login/login.service.js';
import type { ProvenLogin } from '../login/proven-login.js';
import { MailRequests } from '../mail-requests/mail-requests.js';
import { ACCEPTED, type AcceptedResponse } from '../one-time-tokens/account.response.js';
import { AccountLinks } from '../one-time-tokens/account-links.js';
import { OneTimeTokenService } from '../one-time-tokens/one-time-token.service.js';
import { LoginMethods } from './login-methods.js';
import type { MagicLinkLoginDto } from './passwordless.dto.js';

const KEY_PURPOSE = 'poc-tracker magic link v1';

/**
 * Log-in by a link in a mail. The link has the one-time token and a mark of the browser that asked: a keyed hash of the token and
 * the secret of the browser's cookie, which cannot be made for another token or browser.
 */
@Injectable()
export class MagicLinkService implements OnModuleInit {
  private readonly key: KeyObject;

  constructor(
    @Inject(APP_CONFIG) { tokens }: Pick<AppConfig, 'tokens'>,
    private readonly methods: LoginMethods,
    private readonly requests: MailRequests,
    private readonly links: AccountLinks,
    private readonly oneTimeTokens: OneTimeTokenService,
    private readonly credentials: UserCredentialsService,
    private readonly logins: LoginService,
    private readonly database: TenantDatabase,
  ) {
    this.key = deriveKey(tokens.refreshSecret, KEY_PURPOSE);
  }

  onModuleInit(): void {
    this.requests.register('magic_link', (user, tenant, { browser = '' }) =>
      this.links.sendMagicLink(this.database, tenant, user, (token) => this.mark(token, browser)),
    );
  }

  /**
   * Sends a link to the active user with this address, after the answer, which is the same for every address.
   * @param browser the secret of the browser that asks
   * @throws ApiError LOGIN_METHOD_DISABLED, SERVICE_BUSY.
   */
  async send(tenant: TenantSnapshot, email: string, browser: string): Promise<AcceptedResponse> {
    await this.methods.assertAllowed(tenant, 'magicLink');
    await this.requests.accept(tenant, 'magic_link', { email, browser });
    return ACCEPTED;
  }

  /**
   * Uses up the link and opens a session.
   * @throws ApiError LOGIN_METHOD_DISABLED, INVALID_LINK; CONFIRMATION_REQUIRED in another browser, without using up the link;
   *   PASSWORD_CHANGE_REQUIRED, SUSPICIOUS_LOGIN, SECOND_FACTOR_REQUIRED, which do not use it up either.
   */
  async logIn(
    tenant: TenantSnapshot,
    { token: presented, confirm = false, deviceId }: MagicLinkLoginDto,
    { browser, client }: { browser: string | null; client: RequestClient },
  ): Promise<UserTokensResponse> {
    await this.methods.assertAllowed(tenant, 'magicLink');
    return this.logins.attempt(tenant, async () => {
      const [token = '', mark = ''] = presented.split('.', 2);
      const { userId } = await this.oneTimeTokens.find(tenant.id, 'magic_link', token);
      const isAskingBrowser = browser !== null && isEqual(mark, this.mark(token, browser));
      if (!isAskingBrowser && !confirm) throw new ApiError('CONFIRMATION_REQUIRED');
      const login: ProvenLogin = { tenant, userId, amr: ['email'], client, deviceId };
      return this.logins.open(login, async () => {
        await this.credentials.assertMayLogIn(userId);
        await this.oneTimeTokens.consume('magic_link', token);
      });
    });
  }

  private mark(token: string, browser: string): string {
    return createHmac('sha256', this.key).update(`${token} ${browser}`).digest('base64url');
  }
}

function isEqual(one: string, other: string): boolean {
  const [left, right] = [Buffer.from(one), Buffer.from(other)];
  return left.length === right.length && timingSafeEqual(left, right);
}
