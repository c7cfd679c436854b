import { ApiError } from '@poc-tracker/contracts';

/** How many slots the process has, and how many one holder of each kind, such as a user or a tenant, may use. */
export interface SlotLimits<Kind extends string> {
  total: number;
  each: Readonly<Record<Kind, number>>;
  /** Seconds after which a refused client may retry. */
  retryAfter: number;
}

/** Frees a slot. Repeated calls do nothing. */
export type FreeSlot = () => void;

/** Bounds work that lasts for as long as its client likes, such as streams and exports, in this process. */
export class Slots<Kind extends string> {
  private used = 0;
  private readonly held = new Map<string, number>();

  constructor(private readonly limits: SlotLimits<Kind>) {}

  /**
   * Takes a slot for these holders, or none.
   * @throws ApiError RATE_LIMIT_EXCEEDED if one of the holders uses all of its slots; SERVICE_BUSY if the process has none left.
   */
  take(holders: Readonly<Record<Kind, string>>): FreeSlot {
    const { total, each, retryAfter } = this.limits;
    const kinds = Object.keys(each) as Kind[];
    const keys = kinds.map((kind) => `${kind} ${holders[kind]}`);
    const isFull = kinds.some((kind) => this.count(`${kind} ${holders[kind]}`) >= each[kind]);
    if (isFull) throw new ApiError('RATE_LIMIT_EXCEEDED', { retryAfter });
    if (this.used >= total) throw new ApiError('SERVICE_BUSY', { retryAfter });
    this.used += 1;
    for (const key of keys) this.held.set(key, this.count(key) + 1);
    let isTaken = true;
    return () => {
      if (!isTaken) return;
      isTaken = false;
      this.used -= 1;
      for (const key of keys) this.free(key);
    };
  }

  private count(key: string): number {
    return this.held.get(key) ?? 0;
  }

  private free(key: string): void {
    const left = this.count(key) - 1;
    if (left === 0) this.held.delete(key);
    else this.held.set(key, left);
  }
}
