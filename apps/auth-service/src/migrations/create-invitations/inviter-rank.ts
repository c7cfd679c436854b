import {
  asGatekeeper,
  CURRENT_TENANT,
  definerFunction,
  hasPermission,
  isWithinOwnRank,
  RANKS,
  type SchemaPart,
} from '@poc-tracker/tenancy';

export const MANAGES_INVITES = hasPermission('manage_invites');

/** The role of the row is not above that of the current user. */
export const MAY_INVITE_TO_ROLE = `${MANAGES_INVITES} AND ${isWithinOwnRank('role')}`;

/** The inviter may still give the role: an invitation loses its effect when the inviter loses that right. */
export const mayStillInvite = (role: string, inviter: string): string =>
  `array_position(${RANKS}, ${role}) <= public.rank_to_invite(${inviter})`;

/*
 * The rank of the highest role that an inviter may give now, which is their own. Null if they are not active or may not
 * invite. It reads the rights of another user and not of the current one, so no login may call it: only the functions
 * that accept and show an invitation do.
 */
const RANK_TO_INVITE = definerFunction({
  signature: 'rank_to_invite(p_user uuid)',
  returns: 'integer',
  language: 'sql',
  volatility: 'stable',
  body: `
SELECT array_position(${RANKS}, u.role)
  FROM public.users u
  LEFT JOIN public.tenant_roles r ON r.tenant_id = u.tenant_id AND r.id = u.custom_role_id
 WHERE u.tenant_id = ${CURRENT_TENANT} AND u.id = p_user AND u.status = 'active'
   AND to_jsonb(public.role_permissions(u.role)) || u.permissions || coalesce(r.permissions, '[]')
         @> '["manage_invites"]'`,
});

/** The rule that invitations and invitation links share: no user invites to a role above their own. */
export const INVITER_RANK: SchemaPart = {
  up: [asGatekeeper(RANK_TO_INVITE)],
  down: ['DROP FUNCTION public.rank_to_invite(uuid)'],
};
