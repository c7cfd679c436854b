import { Injectable } from '@nestjs/common';

/** Tells the worker of this process that a mail was added. The transaction that added it may not have committed yet. */
@Injectable()
export class MailWake {
  private listener: (() => void) | undefined;

  notify(): void {
    this.listener?.();
  }

  listen(listener: () => void): void {
    this.listener = listener;
  }
}
