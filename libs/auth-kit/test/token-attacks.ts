import { constants } from 'node:crypto';
import {
  encode,
  foreign,
  forge,
  genuine,
  genuineClaims,
  HEADER,
  hs256,
  now,
  rsa,
  trusted,
} from './token-forge.js';

const publicPem = trusted.publicKey.export({ type: 'spki', format: 'pem' }).toString();
const publicPkcs1 = trusted.publicKey.export({ type: 'pkcs1', format: 'pem' }).toString();
const publicDer = trusted.publicKey.export({ type: 'spki', format: 'der' });
const foreignJwk = foreign.publicKey.export({ format: 'jwk' });
const signedByForeign = rsa(foreign.privateKey);
const unsigned = () => '';

export type Attack = [name: string, token: string];

export const signatures: Attack[] = [
  ...['none', 'None', 'NONE', 'nOnE', 'none ', ''].flatMap((alg): Attack[] => [
    [`alg "${alg}" without a signature`, forge({ ...HEADER, alg }, genuineClaims(), unsigned)],
    [`alg "${alg}" with some signature`, forge({ ...HEADER, alg }, genuineClaims())],
  ]),
  ['alg is null', forge({ ...HEADER, alg: null }, genuineClaims(), unsigned)],
  ['alg is a list', forge({ ...HEADER, alg: ['RS256'] }, genuineClaims())],
  ['alg is missing', forge({ typ: HEADER.typ, kid: HEADER.kid }, genuineClaims())],
  ['the signature is removed', genuine().replace(/[^.]+$/, '')],
  ['the signature and its dot are removed', genuine().replace(/\.[^.]+$/, '')],
  [
    'the signature is zeros',
    forge(HEADER, genuineClaims(), () => Buffer.alloc(256).toString('base64url')),
  ],
  ['the signature is one byte', forge(HEADER, genuineClaims(), () => 'AA')],
  ['the signature is of another token', swapPart(2)],
  ...['RS384', 'RS512', 'PS256', 'ES256', 'HS256', 'EdDSA', 'rs256'].map((alg): Attack => [
    `alg ${alg} over an RS256 signature`,
    forge({ ...HEADER, alg }, genuineClaims()),
  ]),
  ...(
    [
      ['RS384', rsa(trusted.privateKey, 'sha384')],
      ['RS512', rsa(trusted.privateKey, 'sha512')],
      ['PS256', rsa(trusted.privateKey, 'sha256', constants.RSA_PKCS1_PSS_PADDING)],
    ] as const
  ).map(([alg, signature]): Attack => [
    `alg ${alg}, validly signed with the trusted key`,
    forge({ ...HEADER, alg }, genuineClaims(), signature),
  ]),
  ...Object.entries({
    publicPem,
    publicPkcs1,
    publicDer,
    'publicPem trimmed': publicPem.trim(),
    'a blank secret': '',
  }).flatMap(([name, secret]): Attack[] => [
    [
      `HS256 with ${name} as secret`,
      forge({ ...HEADER, alg: 'HS256' }, genuineClaims(), hs256(secret)),
    ],
    [
      `HS256 signature with ${name} under the name RS256`,
      forge(HEADER, genuineClaims(), hs256(secret)),
    ],
  ]),
];

export const headers: Attack[] = [
  ['another key signed', forge(HEADER, genuineClaims(), signedByForeign)],
  ...Object.entries({
    jwk: foreignJwk,
    jku: 'https://evil.test/jwks.json',
    x5u: 'https://evil.test/certificate.pem',
    x5c: [encode('certificate')],
    crit: ['exp'],
    b64: false,
    zip: 'DEF',
    cty: 'JWT',
    extra: 1,
  }).flatMap(([member, value]): Attack[] => [
    [
      `${member} is added and the attacker signed`,
      forge({ ...HEADER, [member]: value }, genuineClaims(), signedByForeign),
    ],
    [
      `${member} is added to a genuine token`,
      forge({ ...HEADER, [member]: value }, genuineClaims()),
    ],
    [
      `${member} replaces kid`,
      forge({ alg: 'RS256', typ: 'at+jwt', [member]: value }, genuineClaims()),
    ],
  ]),
  ...[
    '../../../../dev/null',
    '/dev/null',
    'file:///etc/passwd',
    "x' UNION SELECT 'secret' --",
    '| whoami',
    '__proto__',
    'constructor',
    '',
    `${HEADER.kid} `,
    `${HEADER.kid}\0`,
  ].flatMap((kid): Attack[] => [
    [
      `kid ${JSON.stringify(kid)}, signed by the attacker`,
      forge({ ...HEADER, kid }, genuineClaims(), signedByForeign),
    ],
    [
      `kid ${JSON.stringify(kid)}, HS256 with a blank secret`,
      forge({ ...HEADER, kid, alg: 'HS256' }, genuineClaims(), hs256('')),
    ],
    [
      `kid ${JSON.stringify(kid)} over a genuine signature`,
      forge({ ...HEADER, kid }, genuineClaims()),
    ],
  ]),
  ['kid is a number', forge({ ...HEADER, kid: 1 }, genuineClaims())],
  ['kid is an object', forge({ ...HEADER, kid: {} }, genuineClaims())],
  ['kid is a list with the right one', forge({ ...HEADER, kid: [HEADER.kid] }, genuineClaims())],
  ['kid is missing', forge({ alg: 'RS256', typ: 'at+jwt' }, genuineClaims())],
  ...['JWT', 'jwt', 'AT+JWT', 'application/at+jwt', 'rt+jwt', 'invite+jwt', '', null].map(
    (typ): Attack => [`typ is ${JSON.stringify(typ)}`, forge({ ...HEADER, typ }, genuineClaims())],
  ),
  ['typ is missing', forge({ alg: 'RS256', kid: HEADER.kid }, genuineClaims())],
  ...['null', '[]', '"RS256"', '1', '{', '', '{"alg":"RS256"'].map((header): Attack => [
    `the header is ${JSON.stringify(header)}`,
    forge(header, genuineClaims()),
  ]),
];

export const forms: Attack[] = [
  ...variants(genuine()),
  ['four parts', `${genuine()}.AA`],
  ['two dots at the end', `${genuine()}..`],
  ['five parts, as an encrypted token has', 'AA.AA.AA.AA.AA'],
  ['an empty payload', forge(HEADER, '')],
  [
    'the JSON serialization',
    JSON.stringify({
      protected: encode(HEADER),
      payload: encode(genuineClaims()),
      signature: 'AA',
    }),
  ],
  ['an empty token', ''],
  ['only dots', '..'],
  ['a word', 'undefined'],
  ['a validly signed token of more than 8 KiB', genuine({ filler: 'x'.repeat(8 * 1024) })],
];

/** Other encodings of one token, which lenient verifiers would accept. */
function variants(token: string): Attack[] {
  const [header = '', payload = '', signature = ''] = token.split('.');
  return [
    ['a tab before', `\t${token}`],
    ['a space behind', `${token} `],
    ['a tab behind', `${token}\t`],
    ['a newline behind', `${token}\n`],
    ['a carriage return behind', `${token}\r\n`],
    ['a NUL behind', `${token}\0`],
    ['a no-break space behind', `${token}\u00a0`],
    ['spaces around the dots', `${header} . ${payload} . ${signature}`],
    [
      'a newline in the signature',
      `${header}.${payload}.${signature.slice(0, 10)}\n${signature.slice(10)}`,
    ],
    ['padded signature', `${header}.${payload}.${signature}==`],
    ['padded header', `${header}=.${payload}.${signature}`],
    [
      'standard base64 in the signature',
      `${header}.${payload}.${Buffer.from(signature, 'base64url').toString('base64')}`,
    ],
    ['a character outside the alphabet', `${header}.${payload}.${signature}!`],
    ...[1, 2, 3].map((step): Attack => [
      `trailing bits of the signature changed (${step})`,
      `${header}.${payload}.${signature.slice(0, -1)}${withOtherTrailingBits(signature, step)}`,
    ]),
    ['one more character in the signature', `${header}.${payload}.${signature.slice(0, -1)}`],
  ];
}

/**
 * 256 bytes leave four unused bits in the last of 342 characters: sixteen encodings decode to the same bytes.
 */
function withOtherTrailingBits(signature: string, step: number): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return alphabet[alphabet.indexOf(signature.slice(-1)) + step] ?? '';
}

/** A valid token with one part of another valid one. */
function swapPart(index: number): string {
  const parts = genuine().split('.');
  parts[index] = genuine().split('.')[index] ?? '';
  return parts.join('.');
}

export const tampering: Attack[] = Object.entries({
  user_role: 'admin',
  permissions: ['manage_users'],
  tenant_id: '00000000-0000-4000-8000-000000000000',
  sub: '00000000-0000-4000-8000-000000000000',
  exp: now() + 800,
  plan_type: 'enterprise',
}).map(([claim, value]): Attack => {
  const [header, payload = '', signature] = genuine().split('.');
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object;
  return [
    `${claim} is changed under the old signature`,
    `${header}.${encode({ ...claims, [claim]: value })}.${signature}`,
  ];
});

/** Validly signed, because the issuer may have a bug, or sign other types of tokens with the same key. */
export const claims: Attack[] = [
  ...malformed('iss', [
    'poc-tracker-auth ',
    'https://evil.test',
    '',
    null,
    ['poc-tracker-auth'],
    undefined,
  ]),
  ...malformed('aud', [
    'another-api',
    '',
    null,
    ['poc-tracker-api'],
    ['poc-tracker-api', 'other'],
    undefined,
  ]),
  ...malformed('exp', [
    undefined,
    null,
    String(now() + 600),
    now() + 600.5,
    1e20,
    Number.MAX_SAFE_INTEGER,
    -1,
    0,
    now(),
    now() - 1,
    [now() + 600],
    true,
  ]),
  ...malformed('iat', [undefined, null, String(now()), now() + 0.5, now() + 120, -1, 1e20]),
  ...malformed('nbf', [now() + 120, String(now()), 1e20, null, -1, now() - 0.5]),
  ...malformed('jti', [undefined, '', 'x', 7, '00000000-0000-4000-8000-00000000000G']),
  ...malformed('client_id', [undefined, '', 7, null, ['poc-tracker']]),
  ...malformed('sub', [
    undefined,
    '',
    'admin',
    7,
    "' OR 1=1 --",
    '00000000-0000-4000-8000-00000000000A',
  ]),
  ...malformed('tenant_id', [undefined, '', '*', null, ['a']]),
  ...malformed('session_id', [undefined, '', 'session']),
  ...malformed('tenant_subdomain', [undefined, '', 7]),
  ...malformed('user_role', [undefined, 'root', 'ADMIN', ['admin'], null]),
  ...malformed('permissions', [
    undefined,
    'manage_users',
    [['manage_users']],
    ['manage_users', 7],
    {},
    null,
    { length: 1 },
  ]),
  ...malformed('plan_type', [undefined, 'free', null]),
  ...malformed('device_id', ['', 7, null]),
  ...malformed('amr', [undefined, null, 'pwd', [7], {}]),
  ...malformed('acr', [undefined, '', 'AAL2', 2, ['aal2']]),
  ...malformed('auth_time', [undefined, null, '0', -1, 1.5, 1e20, now() + 3_600]),
  ['its lifetime is longer than fifteen minutes', genuine({ exp: now() + 900 + 60 })],
  ['it was issued after it expires', genuine({ iat: now() + 30, exp: now() + 20 })],
  ...['null', '[]', '"claims"', '1', 'true', '{', 'not json'].map((payload): Attack => [
    `the payload is ${JSON.stringify(payload)}`,
    forge(HEADER, payload),
  ]),
  [
    'it is a refresh token, signed as one',
    forge(
      { alg: 'HS256', typ: 'rt+jwt' },
      { ...genuineClaims(), type: 'refresh', generation: 0 },
      hs256('secret'),
    ),
  ],
  ['it has the claims of a refresh token', forge(HEADER, refreshTokenClaims())],
];

function malformed(claim: string, values: unknown[]): Attack[] {
  return values.map((value) => [
    `${claim} is ${JSON.stringify(value)}`,
    genuine({ [claim]: value }),
  ]);
}

function refreshTokenClaims(): Record<string, unknown> {
  const { sub, tenant_id, session_id, iat, exp, jti } = genuineClaims();
  return { sub, tenant_id, session_id, iat, exp, jti, type: 'refresh', generation: 0 };
}
