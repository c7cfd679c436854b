/**
 * The proof that a change of factors asks for: within the last ten minutes, and of the second factor if there is one. A stolen
 * session must not add the thief's factor or remove the user's.
 */
export const FRESH_PROOF = { minutes: 10, factor: true } as const;
