import { hashOfSecret, newSecret } from '../../protection/secret.js';

/**
 * The prefix of each kind of token, with the version of the format. It lets a secret scanner identify a token, and the
 * service find the table.
 */
const PREFIXES = { user: 'pti1_', link: 'ptl1_' } as const;

export type InvitationKind = keyof typeof PREFIXES;

/** A token that a user presents, without the token. */
export interface PresentedInvitation {
  readonly kind: InvitationKind;
  readonly tokenHash: Buffer;
}

/** An invitation for one user, or a link for many. */
export const INVITATION_KINDS = Object.keys(PREFIXES) as InvitationKind[];

const FORM = /^(pti1_|ptl1_)[A-Za-z0-9_-]{43}$/;

export function newInvitationToken(kind: InvitationKind): { token: string; tokenHash: Buffer } {
  const token = PREFIXES[kind] + newSecret();
  return { token, tokenHash: hashOfSecret(token) };
}

/** The kind of a well-formed token; undefined for any other text. */
export function kindOfInvitationToken(token: string): InvitationKind | undefined {
  if (!FORM.test(token)) return undefined;
  return INVITATION_KINDS.find((kind) => token.startsWith(PREFIXES[kind]));
}
