import type { Permission, Role } from '@poc-tracker/contracts';
import type { Answer, Login, ServiceFixture } from '../service.fixture.js';

export interface UserRecord {
  id: string;
  email: string;
  role: Role;
  permissions: Permission[];
  status: string;
  customRoleId: string | null;
  customRoleName: string | null;
  mustChangePassword: boolean;
}

export interface Member {
  userId: string;
  email: string;
  password: string;
  token: string;
  refreshToken: string;
}

/** An id that does not exist. */
export const UNKNOWN_ID = '0192f0c1-7d3a-7c51-9f0e-3a2b1c4d5e6f';

/** Creates a tenant whose users join and log in. */
export async function workspaceOf(service: ServiceFixture, maxUsers = 200) {
  const tenant = await service.tenant({ maxUsers });
  const join = async (role: Role, permissions: Permission[] = []): Promise<Member> => {
    const user = await service.user(tenant.tenantId, { role, permissions });
    return { ...user, ...tokensOf(await service.login(tenant.host, user)) };
  };
  return { ...tenant, join };
}

function tokensOf({ tokens }: Login) {
  return { token: tokens.accessToken, refreshToken: tokens.refreshToken };
}

/** The status and error of an answer, without its request id. */
export function bare({ status, error }: Answer): unknown {
  return { status, error: { ...error, requestId: '' } };
}

/** Decodes the claims of a token without verifying it. */
export function claimsOf(token: string): Record<string, unknown> {
  const payload = token.split('.')[1] ?? '';
  return JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>;
}
