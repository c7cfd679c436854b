import { describe, expect, it } from 'vitest';
import { connectToIssuer, type IssuerOptions } from './issuer-connection.js';

const OPTIONS: IssuerOptions = {
  url: 'https://auth.example',
  clientId: 'a client',
  clientSecret: 'a secret',
};

const connect = (options: Partial<IssuerOptions>) => () =>
  connectToIssuer({ ...OPTIONS, ...options });

describe('connectToIssuer', () => {
  it.each([
    'https://auth.example',
    'http://localhost:3000',
    'http://127.0.0.1:3000',
    'http://[::1]:3000',
  ])('accepts the issuer url %s', (url) => {
    expect(connect({ url })).not.toThrow();
  });

  it.each([
    ['http://auth.internal', 'must be https'],
    ['http://localhost.example', 'must be https'],
    ['http://127.0.0.1.example', 'must be https'],
    ['ftp://auth.example', 'must be https'],
    ['', 'is empty'],
    ['auth.example', 'is not a URL'],
  ])('refuses the issuer url %j, and says what to set', (url, problem) => {
    expect(connect({ url })).toThrow(problem);
    expect(connect({ url })).toThrow('such as https://api.poctracker.com');
  });

  it('accepts plain http with allowHttp, but no other scheme', () => {
    expect(connect({ url: 'http://auth.internal', allowHttp: true })).not.toThrow();
    expect(connect({ url: 'ftp://auth.internal', allowHttp: true })).toThrow('must be https');
  });

  it.each(['clientId', 'clientSecret'])(
    'refuses an empty %s, and says where to get one',
    (name) => {
      for (const empty of ['', ' '])
        expect(connect({ [name]: empty })).toThrow(
          `The issuer's ${name} is empty; set it to the value that "npm run cli -- clients create"`,
        );
    },
  );

  it('leaves the password of the issuer url out of the error', () => {
    expect(connect({ url: 'http://user:hidden@auth.internal' })).not.toThrow('hidden');
  });
});
