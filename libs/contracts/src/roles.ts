/** The roles of a tenant's people, lowest first: the order is the ranking that `outranks` reads. */
export const ROLES = ['viewer', 'user', 'manager', 'admin'] as const;

export type Role = (typeof ROLES)[number];

/** True when `role` stands above `other`. Nobody may grant, or change a person who holds, a role above their own. */
export function outranks(role: Role, other: Role): boolean {
  return ROLES.indexOf(role) > ROLES.indexOf(other);
}
