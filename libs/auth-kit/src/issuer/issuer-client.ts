/** How an application without access to the issuer's database reaches the issuer, and its credentials. */
export interface IssuerClient {
  /** The issuer's base URL, without a path: `https://api.poctracker.com`. */
  issuerUrl: string;
  /** Printed by `npm run cli -- clients create`. */
  clientId: string;
  clientSecret: string;
  /** Set it to true if something else protects the connection to the issuer, such as a service mesh. */
  allowHttp?: boolean;
}

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/** True if the connection cannot be read or changed on its way to the issuer: https, or the same machine. */
export function isSafeIssuer(url: URL): boolean {
  return url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK.test(url.hostname));
}

/**
 * Over plain http an attacker on the network could read the client secret or replace the issuer's keys.
 * @throws Error that names the option to set.
 */
export function assertSafeIssuer({
  issuerUrl,
  clientId,
  clientSecret,
  allowHttp = false,
}: IssuerClient): void {
  const hint = 'set it to the base URL of the auth service, such as https://api.poctracker.com.';
  if (!URL.canParse(issuerUrl))
    throw new Error(`The issuer's url is ${issuerUrl === '' ? 'empty' : 'not a URL'}; ${hint}`);
  const url = new URL(issuerUrl);
  if (!isSafeIssuer(url) && !(allowHttp && url.protocol === 'http:'))
    throw new Error(
      `The issuer's url must be https but is ${url.protocol}//${url.hostname}; ${hint} ` +
        'Set allowHttp: true if something else protects the connection.',
    );
  for (const [name, value] of Object.entries({ clientId, clientSecret }))
    if (value.trim() === '')
      throw new Error(
        `The issuer's ${name} is empty; set it to the value that "npm run cli -- clients create" of the auth service printed.`,
      );
}
