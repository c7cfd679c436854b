/** The place of an encrypted seed, to which it is bound (see DataCipher). */
export function seedContext({
  tenantId,
  userId,
  id,
}: {
  tenantId: string;
  userId: string;
  id: string;
}): string {
  return `user_factors.secret:${tenantId}:${userId}:${id}`;
}
