import { parseStreamMessage, type StreamMessage } from './stream-message.js';
import { Timestamp } from './timestamp.js';

/** Maximum relative drift of two clocks: 500 ppm each, the limit of the kernel's clock discipline (ntp_adjtime). */
const DRIFT = 1e-3;

/** No message that the issuer sends is longer. */
const MAX_MESSAGE_LENGTH = 4 * 1024 * 1024;

export interface StreamHandlers {
  /** The first message has arrived: every later event will be delivered. */
  onOpen(): void;
  /** @param completeAsOf a time of this process that is certainly before every event not yet delivered. */
  onMessage(message: StreamMessage, completeAsOf: Timestamp | undefined): void;
}

/**
 * One response of `GET /oauth/revocations`, read message by message. The issuer's clock is unrelated to ours, but its
 * first message was written after our request was sent. So a time on its clock that is `d` after the first message maps
 * to our sending time plus `d` at the earliest. A message delayed in a buffer therefore never looks fresher than it is.
 */
export class RevocationStream {
  private readonly abort = new AbortController();
  private epoch: string | undefined;
  private sequence = 0;
  private sentAt: Timestamp = Timestamp.now();
  private openedAt = 0;

  constructor(
    private readonly url: URL,
    private readonly authorization: string,
    private readonly request: typeof fetch,
  ) {}

  /** Resolves when the stream ends. @throws Error if it breaks or cannot be opened. */
  async read(handlers: StreamHandlers): Promise<void> {
    this.sentAt = Timestamp.now();
    const response = await this.request(this.url, {
      headers: { authorization: this.authorization, accept: 'application/x-ndjson' },
      redirect: 'error',
      signal: this.abort.signal,
    });
    if (response.status !== 200 || response.body === null) {
      await response.body?.cancel();
      throw new Error(`the issuer responded ${response.status}.`);
    }
    const decoder = new TextDecoder();
    let rest = '';
    for await (const chunk of response.body) {
      const lines = (rest + decoder.decode(chunk as Uint8Array, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      if (rest.length > MAX_MESSAGE_LENGTH) throw new Error('a message of the feed is too long.');
      for (const line of lines) this.handle(parseStreamMessage(line), handlers);
    }
  }

  close(): void {
    this.abort.abort();
  }

  private handle(message: StreamMessage, handlers: StreamHandlers): void {
    if (this.epoch === undefined) {
      if (message.n !== 0 || message.t === null)
        throw new Error('the first message of the feed is missing.');
      this.epoch = message.epoch;
      this.openedAt = message.t;
      handlers.onOpen();
      return;
    }
    this.sequence += 1;
    if (message.epoch !== this.epoch || message.n !== this.sequence)
      throw new Error('a message of the feed is missing.');
    handlers.onMessage(message, message.t === null ? undefined : this.toLocalTime(message.t));
  }

  private toLocalTime(issuerTime: number): Timestamp {
    const drift = DRIFT * Math.max(0, this.sentAt.age);
    return this.sentAt.minus(this.openedAt - issuerTime + drift);
  }
}
