import bundledChromium from '@sparticuz/chromium';
import type { AuthenticationResponseJSON as Assertion } from '@simplewebauthn/server';
import { type Browser, type CDPSession, chromium, type Page } from 'playwright-core';

/** Without sandbox, because tests may run as root; without anything that would contact a server. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Starts Chromium, which is unpacked from a package of the registry: nothing has to be installed. */
export async function startBrowser(): Promise<Browser> {
  const executablePath = await bundledChromium.executablePath();
  return chromium.launch({ executablePath, args: FLAGS, headless: true });
}

/** A virtual authenticator (WebAuthn, 11) on a page. */
export class Authenticator {
  private constructor(
    private readonly session: CDPSession,
    private readonly id: string,
  ) {}

  /** @param options.userVerified whether it verifies its user, by a fingerprint or a PIN */
  static async on(page: Page, { userVerified = true } = {}): Promise<Authenticator> {
    const session = await page.context().newCDPSession(page);
    await session.send('WebAuthn.enable', { enableUI: false });
    const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        ctap2Version: 'ctap2_1',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: userVerified,
        automaticPresenceSimulation: true,
      },
    });
    return new Authenticator(session, authenticatorId);
  }

  async credentials() {
    const { credentials } = await this.session.send('WebAuthn.getCredentials', {
      authenticatorId: this.id,
    });
    return credentials;
  }

  /** Sets the signature counter of every credential back, as in a copy that was made earlier. */
  async setCounter(signCount: number): Promise<void> {
    for (const credential of await this.credentials()) {
      await this.session.send('WebAuthn.removeCredential', {
        authenticatorId: this.id,
        credentialId: credential.credentialId,
      });
      await this.session.send('WebAuthn.addCredential', {
        authenticatorId: this.id,
        credential: { ...credential, signCount },
      });
    }
  }

  async setUserVerified(isUserVerified: boolean): Promise<void> {
    await this.session.send('WebAuthn.setUserVerified', {
      authenticatorId: this.id,
      isUserVerified,
    });
  }
}

/** Runs `navigator.credentials.create()` on the page, as a page of the product does. */
export async function createPasskey(page: Page, options: object): Promise<object> {
  return page.evaluate(`(async () => {
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(${JSON.stringify(options)});
    return (await navigator.credentials.create({ publicKey })).toJSON();
  })()`);
}

/** Runs `navigator.credentials.get()` on the page. With conditional mediation, the browser offers the passkey in a form. */
export async function usePasskey(
  page: Page,
  options: object,
  mediation: 'optional' | 'conditional' = 'optional',
): Promise<Assertion> {
  return page.evaluate(`(async () => {
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(${JSON.stringify(options)});
    return (await navigator.credentials.get({ publicKey, mediation: '${mediation}' })).toJSON();
  })()`);
}
