import { PassThrough } from 'node:stream';

/** Maximum number of unread bytes. The stream of a client that reads too slowly is closed. */
const MAX_UNREAD_BYTES = 64 * 1024;

/** The server-sent events of one client (HTML Living Standard, 9.2). */
export class EventStream {
  readonly body = new PassThrough({ highWaterMark: MAX_UNREAD_BYTES });
  private closed = false;

  constructor(onClose: () => void) {
    this.body.once('close', () => {
      this.closed = true;
      onClose();
    });
    this.body.on('error', () => undefined);
    // The headers are sent with the first bytes.
    this.write(': open\n\n');
  }

  send(event: string, data: object): void {
    this.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  /** Prevents proxies from closing an idle connection. */
  heartbeat(): void {
    this.write(':\n\n');
  }

  end(): void {
    if (this.closed) return;
    this.closed = true;
    this.body.end();
  }

  private write(text: string): void {
    if (this.closed) return;
    if (this.body.writableLength + this.body.readableLength > MAX_UNREAD_BYTES) {
      this.closed = true;
      this.body.destroy();
      return;
    }
    this.body.write(text);
  }
}
