import { createHmac, type KeyObject, randomUUID, timingSafeEqual } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { emailSearchKey } from '@poc-tracker/text';
import { APP_CONFIG, type AppConfig } from '../../config/app-config.js';
import { deriveKey } from '../../config/derived-key.js';
import type { KnownDevice } from './known-devices.js';

/** Seconds for which a device is known after a log-in: 90 days. */
const MAX_AGE_SECONDS = 90 * 24 * 60 * 60;

const UUID = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
const ACCOUNT = '[\\w-]{22}';
const CONTENT = new RegExp(`^(${UUID})\\.(${UUID})\\.(${UUID})\\.(${ACCOUNT})\\.(\\d{1,12})$`);

const KEY_PURPOSE = 'poc-tracker device cookie v1';
const ACCOUNT_KEY_PURPOSE = 'poc-tracker device account v1';

/** The cookie does not tell the address, and only the secret's holder can hash a guess. */
const ACCOUNT_BYTES = 16;

/** The user who has logged in. */
interface CookieOwner {
  tenantId: string;
  id: string;
  email: string;
}

/**
 * Signs and verifies device cookies (OWASP, Slow Down Online Guessing Attacks with Device Cookies). A cookie proves that its
 * device has logged in to the account before. It grants nothing, but a lock of the account by others does not apply to it.
 */
@Injectable()
export class DeviceCookies {
  private readonly key: KeyObject;
  private readonly accountKey: KeyObject;
  private readonly name: string;
  private readonly attributes: string;

  constructor(
    @Inject(APP_CONFIG) { tokens, environment }: Pick<AppConfig, 'tokens' | 'environment'>,
  ) {
    this.key = deriveKey(tokens.refreshSecret, KEY_PURPOSE);
    this.accountKey = deriveKey(tokens.refreshSecret, ACCOUNT_KEY_PURPOSE);
    // Browsers accept the prefix over TLS only, where it keeps other hosts of the domain from setting the cookie.
    const secure = environment === 'production';
    this.name = secure ? '__Host-device' : 'device';
    this.attributes = `Path=/; Max-Age=${MAX_AGE_SECONDS}; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`;
  }

  /** The Set-Cookie header for a device that has logged in. A device that is known already keeps its id. */
  issue({ tenantId, id, email }: CookieOwner, deviceId: string = randomUUID()): string {
    const account = this.hashAccount(emailSearchKey(email));
    const content = [tenantId, id, deviceId, account, secondsNow()].join('.');
    return `${this.name}=${content}.${this.sign(content).toString('base64url')}; ${this.attributes}`;
  }

  /**
   * What a cookie says about the address of its account. The rate limits know a request by the address that it names, before
   * the account is looked up.
   * @param emailKey see emailSearchKey
   */
  hashAccount(emailKey: string): string {
    const digest = createHmac('sha256', this.accountKey).update(emailKey).digest();
    return digest.subarray(0, ACCOUNT_BYTES).toString('base64url');
  }

  /** The device of a Cookie header. Undefined without a valid cookie. */
  read(header: string): KnownDevice | undefined {
    for (const pair of header.split(';')) {
      const [name = '', value = ''] = pair.trim().split('=', 2);
      if (name !== this.name) continue;
      const device = this.verify(value);
      if (device !== undefined) return device;
    }
    return undefined;
  }

  private verify(value: string): KnownDevice | undefined {
    const end = value.lastIndexOf('.');
    const content = value.slice(0, end);
    const match = CONTENT.exec(content);
    if (match === null) return undefined;
    const [, tenantId = '', userId = '', deviceId = '', account, issued] = match;
    const signature = Buffer.from(value.slice(end + 1));
    const expected = Buffer.from(this.sign(content).toString('base64url'));
    // The texts are compared: another text of the same bytes is not one that this service has issued.
    if (signature.length !== expected.length || !timingSafeEqual(signature, expected))
      return undefined;
    if (secondsNow() - Number(issued) > MAX_AGE_SECONDS) return undefined;
    return { tenantId, userId, deviceId, account };
  }

  private sign(content: string): Buffer {
    return createHmac('sha256', this.key).update(content).digest();
  }
}

function secondsNow(): number {
  return Math.floor(Date.now() / 1_000);
}
