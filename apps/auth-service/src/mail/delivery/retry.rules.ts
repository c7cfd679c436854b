/** Tries that a server may answer with "not now": together with the delays, about three days (RFC 5321, 4.5.4.1). */
export const MAX_ATTEMPTS = 20;

const FIRST_DELAY_MS = 30_000;
const LONGEST_DELAY_MS = 6 * 3_600_000;

/** Milliseconds until the next try of a mail that the server did not accept for now; `random` is in [0, 1). */
export function retryDelay(attempts: number, random: number): number {
  const base = Math.min(FIRST_DELAY_MS * 2 ** attempts, LONGEST_DELAY_MS);
  return base * (0.75 + random / 2);
}

/** A mail that could not be sent for this long is dead: its reader has asked again, or does not expect it any more. */
export const MAX_AGE_MS = 72 * 3_600_000;

const FIRST_PAUSE_MS = 2_000;
const LONGEST_PAUSE_MS = 60_000;

/**
 * Servers that could not be reached. No mail is tried at a server that is paused: its mails would only wait for timeouts. The
 * pause doubles with every failure, and ends with the first mail that the server accepts or refuses.
 */
export class ServerPauses {
  private readonly pauses = new Map<string, { until: number; failures: number }>();

  constructor(private readonly now: () => number = () => performance.now()) {}

  /** @returns milliseconds until the server may be tried again. */
  failed(server: string, random: number): number {
    // Mails that were in progress at the same time fail together, and count as one failure.
    const rest = (this.pauses.get(server)?.until ?? 0) - this.now();
    if (rest > 0) return rest;
    const failures = (this.pauses.get(server)?.failures ?? 0) + 1;
    const base = Math.min(FIRST_PAUSE_MS * 2 ** (failures - 1), LONGEST_PAUSE_MS);
    const pause = base * (0.75 + random / 2);
    this.pauses.set(server, { until: this.now() + pause, failures });
    return pause;
  }

  answered(server: string): void {
    this.pauses.delete(server);
  }

  isPaused(server: string): boolean {
    return (this.pauses.get(server)?.until ?? 0) > this.now();
  }

  /** The servers that are paused now. */
  paused(): string[] {
    return [...this.pauses.keys()].filter((server) => this.isPaused(server));
  }
}
