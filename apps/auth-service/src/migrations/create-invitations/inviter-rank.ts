import {
  asGatekeeper,
  CURRENT_TENANT,
  CURRENT_USER_ID,
  definerFunction,
  type SchemaPart,
  SERVICE_ROLE,
} from '@poc-tracker/tenancy';

/** Lowest first, as ROLES in libs/contracts. */
const RANKS = `ARRAY['viewer', 'user', 'manager', 'admin']`;

/** The rank of the current user, or null if they may not invite. Evaluated once per statement. */
const OWN_RANK = `(select public.rank_to_invite(${CURRENT_USER_ID}))`;

export const SEES_INVITATIONS = `${OWN_RANK} IS NOT NULL`;

/** The role of the row is not above that of the current user. */
export const MAY_INVITE_TO_ROLE = `array_position(${RANKS}, role) <= ${OWN_RANK}`;

/** The inviter may still give the role: an invitation loses its effect when the inviter loses that right. */
export const mayStillInvite = (role: string, inviter: string): string =>
  `array_position(${RANKS}, ${role}) <= public.rank_to_invite(${inviter})`;

/*
 * The rank of the highest role that a user may invite to, which is their own. Null if they are not active or may not
 * invite. The policies ask about the current user, and the acceptance of an invitation asks about its inviter.
 */
const RANK_TO_INVITE = definerFunction({
  signature: 'rank_to_invite(p_user uuid)',
  returns: 'integer',
  language: 'sql',
  volatility: 'stable',
  callers: [SERVICE_ROLE],
  body: `
SELECT array_position(${RANKS}, u.role)
  FROM public.users u
 WHERE u.tenant_id = ${CURRENT_TENANT} AND u.id = p_user AND u.status = 'active'
   AND public.holds_permissions(p_user, '["manage_invites"]')`,
});

/** The rule that invitations and invitation links share: no user invites to a role above their own. */
export const INVITER_RANK: SchemaPart = {
  up: [asGatekeeper(RANK_TO_INVITE)],
  down: ['DROP FUNCTION public.rank_to_invite(uuid)'],
};
