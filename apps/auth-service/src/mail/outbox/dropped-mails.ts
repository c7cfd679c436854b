const PERIOD_MS = 60_000;

/** Counts the mails beyond a limit, and reports their number a minute after the first: a flood of them must not flood the log. */
export class DroppedMails {
  private count = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly report: (count: number) => void) {}

  add(): void {
    this.count += 1;
    this.timer ??= setTimeout(() => this.flush(), PERIOD_MS).unref();
  }

  /** Reports what was counted since the last report. */
  flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.count > 0) this.report(this.count);
    this.count = 0;
  }
}
