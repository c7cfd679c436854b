import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { ApiError } from '@poc-tracker/contracts';

/** Milliseconds in which a client must send something: a silent one holds a file and a reservation. */
const SILENCE_MS = 30_000;

/** A file while it arrives: written, counted and hashed chunk by chunk, never held in memory. */
export class Draft {
  private open = true;

  constructor(
    private readonly handle: FileHandle,
    private readonly giveItsPlace: () => Promise<void>,
  ) {}

  /**
   * Takes the whole body of a request.
   * @returns the SHA-256 of what came.
   * @throws ApiError VALIDATION_ERROR when it ends before `length` bytes came; Error when it cannot be written.
   */
  async receive(body: IncomingMessage, length: number): Promise<Buffer> {
    const hash = createHash('sha256');
    let received = 0;
    const silence = setTimeout(
      () => body.destroy(new Error('The client fell silent.')),
      SILENCE_MS,
    );
    try {
      // Left open when something fails here: destroying it would cut the connection that the answer goes out on.
      for await (const chunk of body.iterator({
        destroyOnReturn: false,
      }) as AsyncIterable<Buffer>) {
        silence.refresh();
        received += chunk.length;
        if (received > length) throw incomplete();
        hash.update(chunk);
        await this.handle.appendFile(chunk);
      }
    } catch (error) {
      if (body.destroyed && !body.complete) throw incomplete(error);
      throw error;
    } finally {
      clearTimeout(silence);
    }
    if (received !== length || !body.complete) throw incomplete();
    return hash.digest();
  }

  /** On the disk and in its place: only then may a row say that there is such a file. */
  async keep(): Promise<void> {
    await this.handle.sync();
    await this.close();
    await this.giveItsPlace();
  }

  async close(): Promise<void> {
    if (!this.open) return;
    this.open = false;
    await this.handle.close();
  }
}

function incomplete(cause?: unknown): ApiError {
  return new ApiError('VALIDATION_ERROR', {
    details: [{ field: 'body', message: 'must have as many bytes as content-length says' }],
    cause,
  });
}
