import { contextWithoutRights, TenantDatabase } from '@poc-tracker/tenancy';
import {
  type LinkPurpose,
  newOneTimeToken,
} from '../../apps/auth-service/src/auth/one-time-tokens/one-time-token.js';
import { OneTimeTokenService } from '../../apps/auth-service/src/auth/one-time-tokens/one-time-token.service.js';
import { addTotp, totpCode } from '../e2e/factors/factors.fixture.js';
import { type Scene, uniqueEmail } from '../e2e/policy-matrix.table.js';
import { challengeOf } from '../e2e/second-factor/second-factor.fixture.js';
import { GOOD_PASSWORD, type ServiceFixture } from '../e2e/service.fixture.js';

type Body = (service: ServiceFixture, scene: Scene) => Promise<Record<string, unknown>>;

/** What follows a mail or the first step of a log-in: the cells of the policy matrix have no token that is valid. */
export const VALID_BODIES: Record<string, Body> = {
  'POST /api/v1/auth/register/confirm': pendingRegistration,
  'POST /api/v1/auth/magic-link': loginByMail,
  'POST /api/v1/auth/magic-link/login': async (service, scene) => {
    await loginByMail(service, scene);
    return { token: await linkToken(service, scene, 'magic_link'), confirm: true };
  },
  'POST /api/v1/auth/code': loginByMail,
  'POST /api/v1/auth/code/login': async (service, scene) => ({
    ...(await loginByMail(service, scene)),
    code: await loginCode(service, scene),
  }),
  'POST /api/v1/auth/login/factor': async (service, { login, host, caller }) => {
    const { secret } = await addTotp(service, login.tokens.accessToken);
    const { challengeToken } = await challengeOf(service, host, caller);
    return { challengeToken, totp: totpCode(secret) };
  },
  'POST /api/v1/auth/password/reset': async (service, scene) => ({
    token: await linkToken(service, scene, 'reset_password'),
    newPassword: GOOD_PASSWORD,
  }),
  'POST /api/v1/auth/email/verify': async (service, scene) => ({
    token: await linkToken(service, scene, 'verify_email'),
  }),
  'POST /api/v1/auth/email/confirm': async (service, scene) => ({
    token: await linkToken(service, scene, 'confirm_new_email', uniqueEmail()),
  }),
  'POST /api/v1/auth/email/undo': async (service, scene) => ({
    token: await linkToken(service, scene, 'undo_email', uniqueEmail()),
  }),
};

/** Base64url, of bytes that nothing has signed. */
const BYTES = 'Zm9yLXRoZS1jb250cmFjdC10ZXN0';

const CREDENTIAL = { id: BYTES, rawId: BYTES, type: 'public-key', clientExtensionResults: {} };

/**
 * The calls that a caller of this test cannot make, above all those of a browser (test/e2e/factors/passkeys.spec.ts). These are
 * well-formed: the refusal says that the service has accepted the form of every field.
 */
export const UNSIGNED_CALLS: Record<string, { body: Record<string, unknown>; refusal: string }> = {
  'POST /api/v1/auth/login/passkey': {
    body: {
      passkey: {
        ...CREDENTIAL,
        response: { clientDataJSON: BYTES, authenticatorData: BYTES, signature: BYTES },
      },
    },
    refusal: '401 INVALID_CREDENTIALS',
  },
  'POST /api/v1/auth/factors/passkeys': {
    body: {
      credential: {
        ...CREDENTIAL,
        response: { clientDataJSON: BYTES, attestationObject: BYTES },
      },
    },
    refusal: '400 VALIDATION_ERROR credential',
  },
  // Only a suspicious log-in of a user without a factor makes such a challenge: see test/e2e/second-factor/email-codes.spec.ts.
  'POST /api/v1/auth/login/factor/email': {
    body: { challengeToken: 'x' },
    refusal: '401 INVALID_CHALLENGE',
  },
};

/** Asks for a mail, in a tenant that allows log-ins by a link and by a code. */
async function loginByMail(
  service: ServiceFixture,
  { login, caller: { email } }: Scene,
): Promise<{ email: string }> {
  const { status, text } = await service.call('PATCH', '/tenants/current/settings', {
    token: login.tokens.accessToken,
    body: { login: { magicLink: true, emailCode: true } },
  });
  if (status !== 200) throw new Error(text);
  return { email };
}

/** Creates a token for a link of the caller, as the service does before it sends the mail. */
async function linkToken(
  service: ServiceFixture,
  { tenantId, caller }: Scene,
  purpose: LinkPurpose,
  email = caller.email,
): Promise<string> {
  const database = service.app.get(TenantDatabase);
  const tokens = service.app.get(OneTimeTokenService, { strict: false });
  const { token } = await database.transaction(contextWithoutRights(tenantId, caller.userId), () =>
    tokens.create(database, { tenantId, id: caller.userId, email }, purpose),
  );
  return token;
}

async function loginCode(
  service: ServiceFixture,
  { tenantId, caller: { userId, email } }: Scene,
): Promise<string> {
  const database = service.app.get(TenantDatabase);
  const tokens = service.app.get(OneTimeTokenService, { strict: false });
  const { code } = await database.transaction(contextWithoutRights(tenantId, userId), () =>
    tokens.createCode(database, { tenantId, id: userId, email }, 'login_code'),
  );
  return code;
}

/** Its password is that of the caller, whose hash it copies. */
async function pendingRegistration(
  service: ServiceFixture,
  { tenantId, caller }: Scene,
): Promise<Record<string, unknown>> {
  const { token, tokenHash } = newOneTimeToken();
  await service.sql(
    `INSERT INTO pending_registrations (tenant_id, token_hash, email, password_hash, first_name, last_name, expires_at)
     SELECT tenant_id, $3, $4, password_hash, 'Rui', 'Lima', now() + interval '1 hour' FROM users
      WHERE tenant_id = $1 AND id = $2`,
    [tenantId, caller.userId, tokenHash, uniqueEmail()],
  );
  return { token, password: caller.password };
}
