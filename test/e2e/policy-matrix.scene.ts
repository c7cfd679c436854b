import type { TenantStatus } from '@poc-tracker/contracts';
import type { SeededUser } from '@poc-tracker/testing';
import { createHash, randomUUID } from 'node:crypto';
import { vi } from 'vitest';
import { newInvitationToken } from '../../apps/auth-service/src/auth/invitations/invitation-token.js';
import { TxtResolver } from '../../apps/auth-service/src/tenant/domains/txt-resolver.js';
import { type Caller, type Scene, uniqueEmail } from './policy-matrix.table.js';
import { addTotp, type StartedTotp, totpCode } from './factors/factors.fixture.js';
import { type Login, ServiceFixture } from './service.fixture.js';

/** The TXT record that the DNS of the test returns for every name. */
const PROOF = 'proof';

const NO_FACTORS = { factorId: randomUUID(), pendingTotp: { id: randomUUID(), code: '' } };

/** The service with a platform, and a scene of tenants and users for each call. */
export class PolicyScenes {
  private readonly refusals = new Map<Caller, Promise<Scene>>();

  private constructor(
    readonly service: ServiceFixture,
    private readonly platformId: string,
  ) {}

  static async start(): Promise<PolicyScenes> {
    const service = await ServiceFixture.start();
    vi.spyOn(service.app.get(TxtResolver, { strict: false }), 'txt').mockResolvedValue([
      `poc-tracker-verification=${PROOF}`,
    ]);
    const [platform] = await service.sql<{ id: string }>(
      `INSERT INTO tenants (name, subdomain, is_platform, max_users)
       VALUES ('Platform', 'platform', true, 1000) RETURNING id`,
    );
    return new PolicyScenes(service, platform?.id ?? '');
  }

  /** The scene of all calls that the policy refuses a caller: they change nothing, and a scene takes longer than they do. */
  sceneOfRefusals(caller: Caller): Promise<Scene> {
    const scene = this.refusals.get(caller) ?? this.createScene(caller);
    this.refusals.set(caller, scene);
    return scene;
  }

  /** @param hasFactor whether the caller has a second factor, with which they log in and step up in another way */
  async createScene(
    caller: Caller,
    targetStatus: TenantStatus = 'active',
    hasFactor = false,
  ): Promise<Scene> {
    const own = await this.service.tenant({ maxUsers: 100 });
    const { host, tenantId, subdomain } =
      caller === 'operator'
        ? { host: 'platform.localhost', tenantId: this.platformId, subdomain: 'platform' }
        : own;
    const role = caller === 'anonymous' ? 'user' : caller === 'operator' ? 'admin' : caller;
    const user = await this.service.user(tenantId, { role });
    const colleague = await this.service.user(tenantId, { role: 'user' });
    const { login, ...factors } = await this.logIn(host, user, hasFactor);
    return {
      host,
      tenantId,
      subdomain,
      caller: user,
      login,
      sessionId: sessionIdOf(login),
      auditEntryId: await this.auditEntryOf(tenantId),
      domainId: await this.seedDomain(tenantId),
      colleague,
      colleagueSessionId: sessionIdOf(await this.service.login(host, colleague)),
      mail: await this.seedMail(tenantId),
      roleId: await this.seedRole(tenantId),
      target: await this.createTarget(targetStatus),
      invited: await this.seedInvitations(tenantId),
      activation: await this.inviteOperator(),
      ...factors,
    };
  }

  private async createTarget(status: TenantStatus): Promise<Scene['target']> {
    const target = await this.service.tenant({ status });
    const { email } = await this.service.user(target.tenantId);
    return { ...target, email };
  }

  private async auditEntryOf(tenantId: string): Promise<string> {
    const [entry] = await this.service.sql<{ id: string }>(
      'SELECT id FROM audit_log WHERE tenant_id = $1 LIMIT 1',
      [tenantId],
    );
    return entry?.id ?? '';
  }

  private async seedDomain(tenantId: string): Promise<string> {
    const [domain] = await this.service.sql<{ id: string }>(
      `INSERT INTO tenant_domains (tenant_id, domain, token) VALUES ($1, $2, $3) RETURNING id`,
      [tenantId, `${randomUUID()}.example.com`, PROOF],
    );
    return domain?.id ?? '';
  }

  private async seedMail(tenantId: string): Promise<Scene['mail']> {
    const [testMailId, suppressionId] = [randomUUID(), randomUUID()];
    await this.service.sql(
      `INSERT INTO outgoing_mails (tenant_id, id, kind, category, email, status)
       VALUES ($1, $2, 'test_mail', 'requested', $3, 'sent')`,
      [tenantId, testMailId, uniqueEmail()],
    );
    await this.service.sql(
      `INSERT INTO suppressed_addresses (tenant_id, id, email, reason) VALUES ($1, $2, $3, 'bounce')`,
      [tenantId, suppressionId, uniqueEmail()],
    );
    return { testMailId, suppressionId };
  }

  private async seedRole(tenantId: string): Promise<string> {
    const [role] = await this.service.sql<{ id: string }>(
      `INSERT INTO tenant_roles (tenant_id, name, name_key) VALUES ($1, $2::text, $2::text) RETURNING id`,
      [tenantId, `Guest ${randomUUID()}`.slice(0, 50)],
    );
    return role?.id ?? '';
  }

  private async seedInvitations(tenantId: string): Promise<Scene['invited']> {
    const [invitationId, linkId] = [randomUUID(), randomUUID()];
    const { token, tokenHash } = newInvitationToken('user');
    const { userId } = await this.service.user(tenantId, { role: 'admin' });
    await this.service.sql(
      `INSERT INTO invites (tenant_id, id, token_hash, email, role, invited_by) VALUES ($1, $2, $3, $4, 'user', $5)`,
      [tenantId, invitationId, tokenHash, uniqueEmail(), userId],
    );
    await this.service.sql(
      `INSERT INTO invite_links (tenant_id, id, token_hash, role, quota, created_by) VALUES ($1, $2, $3, 'user', 1, $4)`,
      [tenantId, linkId, newInvitationToken('link').tokenHash, userId],
    );
    return { invitationId, token, linkId };
  }

  private async logIn(
    host: string,
    user: SeededUser,
    hasFactor: boolean,
  ): Promise<Pick<Scene, 'login' | 'factorId' | 'pendingTotp'>> {
    const login = await this.service.login(host, user);
    if (!hasFactor) return { login, ...NO_FACTORS };
    const { factor } = await addTotp(this.service, login.tokens.accessToken);
    // Only new tokens say that the factor was proved.
    const tokens = (await this.service.refresh(login.tokens.refreshToken)).data;
    const pendingTotp = await this.startTotp(tokens.accessToken);
    return { login: { ...login, tokens }, factorId: factor.id, pendingTotp };
  }

  private async startTotp(token: string): Promise<Scene['pendingTotp']> {
    const { data } = await this.service.call<StartedTotp>('POST', '/auth/factors/totp', {
      token,
      body: {},
    });
    return { id: data.id, code: totpCode(data.secret) };
  }

  private async inviteOperator(): Promise<Scene['activation']> {
    const activation = { email: uniqueEmail(), secret: randomUUID() };
    await this.service.sql(
      `INSERT INTO operator_invitations (tenant_id, email, secret_hash, expires_at)
       VALUES ($1, $2, $3, now() + interval '1 hour')`,
      [this.platformId, activation.email, createHash('sha256').update(activation.secret).digest()],
    );
    return activation;
  }
}

function sessionIdOf({ tokens }: Login): string {
  const payload = Buffer.from(tokens.accessToken.split('.')[1] ?? '', 'base64url').toString();
  return (JSON.parse(payload) as { session_id: string }).session_id;
}
