import { PassThrough } from 'node:stream';

/** A client that has not read this much gets no more: memory is not for those who do not listen. */
const MAX_UNREAD_BYTES = 64 * 1024;

/** Server-sent events (HTML Living Standard, 9.2) of one client. */
export class EventStream {
  readonly body = new PassThrough({ highWaterMark: MAX_UNREAD_BYTES });
  private over = false;

  constructor(onClose: () => void) {
    this.body.once('close', () => {
      this.over = true;
      onClose();
    });
    this.body.on('error', () => undefined);
    // The headers go out with the first bytes.
    this.write(': open\n\n');
  }

  send(event: string, data: object): void {
    this.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  /** Keeps proxies from taking the silence for a dead connection. */
  beat(): void {
    this.write(':\n\n');
  }

  end(): void {
    if (this.over) return;
    this.over = true;
    this.body.end();
  }

  private write(text: string): void {
    if (this.over) return;
    if (this.body.writableLength + this.body.readableLength > MAX_UNREAD_BYTES) {
      this.over = true;
      this.body.destroy();
      return;
    }
    this.body.write(text);
  }
}
