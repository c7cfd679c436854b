import { hashOfSecret, newSecret } from '../../protection/secret.js';

/**
 * The kinds of token by their prefix, which carries the version of their form as well. It tells a secret scanner what
 * it has found, and the service where to look.
 */
const PREFIXES = { person: 'pti1_', link: 'ptl1_' } as const;

export type InvitationKind = keyof typeof PREFIXES;

/** An invitation of one person, or a link for many. */
export const INVITATION_KINDS = Object.keys(PREFIXES) as InvitationKind[];

const FORM = /^(pti1_|ptl1_)[A-Za-z0-9_-]{43}$/;

export function newInvitationToken(kind: InvitationKind): { token: string; tokenHash: Buffer } {
  const token = PREFIXES[kind] + newSecret();
  return { token, tokenHash: hashOfSecret(token) };
}

/** The kind of a token that may be one of ours, undefined for any other text. */
export function kindOfInvitationToken(token: string): InvitationKind | undefined {
  if (!FORM.test(token)) return undefined;
  return INVITATION_KINDS.find((kind) => token.startsWith(PREFIXES[kind]));
}

/**
 * Where a person accepts. The token stands in the fragment, which browsers send to no server, so that it gets into no
 * log and no Referer; the host comes from the configuration, because that of a request is the sender's choice.
 */
export function acceptanceLink(subdomain: string, baseDomain: string, token: string): string {
  return `https://${subdomain}.${baseDomain}/accept-invite#token=${token}`;
}
