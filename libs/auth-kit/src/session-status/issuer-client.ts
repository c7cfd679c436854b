/** An application with no database of the issuer's: where the issuer is, and who asks. */
export interface IssuerClient {
  /** Where the issuer answers, without a path: `https://api.poctracker.com`. */
  issuerUrl: string;
  /** Given by `npm run cli -- clients create`. */
  clientId: string;
  clientSecret: string;
  /** True: plain http is safe on the way to the issuer, because something else protects it, such as a mesh of proxies. */
  allowHttp?: boolean;
}

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/** Whether nobody on the way to the issuer can read what is sent or change what is answered: https, or this machine. */
export function isSafeIssuer(url: URL): boolean {
  return url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK.test(url.hostname));
}

/**
 * Whoever is on the way could take the client's secret, or make tokens of their own.
 * @throws Error that says what to set.
 */
export function assertSafeIssuer({
  issuerUrl,
  clientId,
  clientSecret,
  allowHttp = false,
}: IssuerClient): void {
  const set = 'set it to where the auth service answers, such as https://api.poctracker.com.';
  if (!URL.canParse(issuerUrl))
    throw new Error(`The issuer's url is ${issuerUrl === '' ? 'empty' : 'no URL'}; ${set}`);
  const url = new URL(issuerUrl);
  if (!isSafeIssuer(url) && !(allowHttp && url.protocol === 'http:'))
    throw new Error(
      `The issuer's url must be https, and here it is ${url.protocol}//${url.hostname}; ${set} ` +
        'Where something else protects the way to it, say allowHttp: true.',
    );
  for (const [name, value] of Object.entries({ clientId, clientSecret }))
    if (value.trim() === '')
      throw new Error(
        `The issuer's ${name} is empty; set it to what "npm run cli -- clients create" of the auth service gave.`,
      );
}
