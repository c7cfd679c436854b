/** One attempt under one rule, for one source. */
export interface Hit {
  /** Identifies the rule, its window and the source. */
  readonly key: string;
  readonly limit: number;
  readonly windowSeconds: number;
  /** True: the rule reports a refusal, and refuses nothing. */
  readonly shadow: boolean;
}

/** What a rule says about an attempt. */
export interface Verdict {
  /** True if the limit was reached. Only a rule that is not in shadow mode refuses the request. */
  readonly exceeded: boolean;
  /** Attempts left after this one. */
  readonly remaining: number;
  /** Milliseconds until one more attempt is left; 0 if none is counted. */
  readonly resetMs: number;
}

/** Counts attempts. All hits of a request are judged together: if one rule refuses it, none counts it. */
export interface HitCounter {
  /** The verdicts, in the order of the hits. A counter in the memory of the process needs no promise. */
  take(hits: readonly Hit[]): Verdict[] | Promise<Verdict[]>;

  /** Resets the count of a key. */
  reset(key: string): void | Promise<void>;
}
