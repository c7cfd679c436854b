import { Timestamp } from './timestamp.js';
import { parseStreamMessage, type StreamMessage } from './stream-message.js';

/** How far two clocks run apart at most: each by the 500 ppm that a kernel's clock discipline allows (ntp_adjtime). */
const DRIFT = 1e-3;

/** A line with all that the issuer ever tells at once is below it. */
const MAX_LINE = 4 * 1024 * 1024;

export interface StreamListener {
  /** The stream is open: from here on it tells everything. */
  opened(): void;
  /** @param asOf a moment of this process that certainly came before everything that has not been told. */
  line(line: StreamMessage, asOf: Timestamp | undefined): void;
}

/**
 * One answer of `GET /oauth/revocations`, read line by line. The issuer's clock is another one; but its first line was
 * written after the request was sent, so whatever it says of a time on its clock happened at least as long after the
 * sending, on ours, as it happened after that line on its own. A line that lay in a buffer somewhere is thereby as old as
 * it is.
 */
export class RevocationStream {
  private readonly abort = new AbortController();
  private epoch: string | undefined;
  private n = 0;
  private sentAt: Timestamp = Timestamp.now();
  private openedAt = 0;

  constructor(
    private readonly url: URL,
    private readonly authorization: string,
    private readonly request: typeof fetch,
  ) {}

  /** Reads until the stream ends. @throws Error when it breaks, or is none. */
  async read(listener: StreamListener): Promise<void> {
    this.sentAt = Timestamp.now();
    const response = await this.request(this.url, {
      headers: { authorization: this.authorization, accept: 'application/x-ndjson' },
      redirect: 'error',
      signal: this.abort.signal,
    });
    if (response.status !== 200 || response.body === null) {
      await response.body?.cancel();
      throw new Error(`the issuer answered ${response.status}.`);
    }
    const decoder = new TextDecoder();
    let rest = '';
    for await (const chunk of response.body) {
      const lines = (rest + decoder.decode(chunk as Uint8Array, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      if (rest.length > MAX_LINE) throw new Error('a line of the feed has no end.');
      for (const line of lines) this.take(parseStreamMessage(line), listener);
    }
  }

  close(): void {
    this.abort.abort();
  }

  private take(line: StreamMessage, listener: StreamListener): void {
    if (this.epoch === undefined) {
      if (line.n !== 0 || line.t === null)
        throw new Error('the feed does not begin at its beginning.');
      this.epoch = line.epoch;
      this.openedAt = line.t;
      listener.opened();
      return;
    }
    this.n += 1;
    if (line.epoch !== this.epoch || line.n !== this.n)
      throw new Error('a line of the feed is missing.');
    listener.line(line, line.t === null ? undefined : this.localMoment(line.t));
  }

  private localMoment(issuerTime: number): Timestamp {
    const drift = DRIFT * Math.max(0, this.sentAt.age);
    return this.sentAt.earlier(this.openedAt - issuerTime + drift);
  }
}
