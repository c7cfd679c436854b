const PREFIX = 'poc-tracker:';

/** How long the position of the mirror is kept. The revocation feed cannot continue from an older one. */
export const CURSOR_MS = 15 * 60 * 1000;

/** The braces are Redis Cluster's hash tag. Ids come from PostgreSQL or from a verified token. */
const tagged = (kind: string, tenantId: string): string => `${PREFIX}${kind}:{${tenantId}}`;

export const sessionKey = (tenantId: string, sessionId: string): string =>
  `${tagged('session', tenantId)}:${sessionId}`;

export const userSessionsKey = (tenantId: string, userId: string): string =>
  `${tagged('user_sessions', tenantId)}:${userId}`;

export const tenantSessionsKey = (tenantId: string): string => tagged('tenant_sessions', tenantId);

export const permissionsKey = (tenantId: string, userId: string): string =>
  `${tagged('permissions', tenantId)}:${userId}`;

export const blacklistKey = (tokenId: string): string => `${PREFIX}blacklist:${tokenId}`;

/** Which process writes the mirror of a database. */
export const mirrorLeaseKey = (source: string): string =>
  `${PREFIX}session_mirror:{${source}}:writer`;

/** Up to where the mirror of a database is complete. It is missing after a flush, and while the mirror is built. */
export const mirrorCursorKey = (source: string): string =>
  `${PREFIX}session_mirror:{${source}}:cursor`;
