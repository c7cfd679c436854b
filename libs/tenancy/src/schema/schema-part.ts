/** One subject of a migration: the statements that create it, in order, and the statements that remove it. */
export interface SchemaPart {
  readonly up: readonly string[];
  readonly down: readonly string[];
}
