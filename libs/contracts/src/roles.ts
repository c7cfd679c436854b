/** The roles of users, from the lowest to the highest rank. */
export const ROLES = ['viewer', 'user', 'manager', 'admin'] as const;

export type Role = (typeof ROLES)[number];

/** True if `role` ranks above `other`. A user cannot grant a role above their own, or change a user who has one. */
export function outranks(role: Role, other: Role): boolean {
  return ROLES.indexOf(role) > ROLES.indexOf(other);
}
