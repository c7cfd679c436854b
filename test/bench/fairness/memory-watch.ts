import { readFileSync } from 'node:fs';

const EVERY_MS = 100;
const KIB_PER_MIB = 1_024;

/** Samples the resident memory of a process, in MiB, until it is stopped. NaN without /proc. */
export class MemoryWatch {
  private readonly before: number;
  private peak: number;
  private readonly timer: NodeJS.Timeout;

  constructor(pid: number) {
    this.before = residentMiB(pid);
    this.peak = this.before;
    this.timer = setInterval(() => {
      this.peak = Math.max(this.peak, residentMiB(pid));
    }, EVERY_MS);
  }

  stop(): { before: number; peak: number } {
    clearInterval(this.timer);
    return { before: this.before, peak: this.peak };
  }
}

function residentMiB(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / KIB_PER_MIB;
  } catch {
    return NaN;
  }
}
