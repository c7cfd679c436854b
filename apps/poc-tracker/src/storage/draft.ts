import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { ApiError } from '@poc-tracker/contracts';

/** Idle timeout of an upload in milliseconds: an idle client occupies a file and reserved storage. */
const IDLE_TIMEOUT_MS = 30_000;

/** A file during its upload. It is written, counted and hashed chunk by chunk. */
export class Draft {
  private open = true;

  constructor(
    private readonly handle: FileHandle,
    private readonly moveToPlace: () => Promise<void>,
  ) {}

  /**
   * Receives the whole body of a request.
   * @returns the SHA-256 of the content.
   * @throws ApiError VALIDATION_ERROR if the body does not have `length` bytes; Error if it cannot be written.
   */
  async receive(body: IncomingMessage, length: number): Promise<Buffer> {
    const hash = createHash('sha256');
    let received = 0;
    const idleTimeout = setTimeout(
      () => body.destroy(new Error('The upload timed out.')),
      IDLE_TIMEOUT_MS,
    );
    try {
      // On an error the body is not destroyed, because that would close the connection of the response.
      for await (const chunk of body.iterator({
        destroyOnReturn: false,
      }) as AsyncIterable<Buffer>) {
        idleTimeout.refresh();
        received += chunk.length;
        if (received > length) throw incomplete();
        hash.update(chunk);
        await this.handle.appendFile(chunk);
      }
    } catch (error) {
      if (body.destroyed && !body.complete) throw incomplete(error);
      throw error;
    } finally {
      clearTimeout(idleTimeout);
    }
    if (received !== length || !body.complete) throw incomplete();
    return hash.digest();
  }

  /** Syncs the file and moves it to its place. Call it before a row refers to the file. */
  async keep(): Promise<void> {
    await this.handle.sync();
    await this.close();
    await this.moveToPlace();
  }

  async close(): Promise<void> {
    if (!this.open) return;
    this.open = false;
    await this.handle.close();
  }
}

function incomplete(cause?: unknown): ApiError {
  return new ApiError('VALIDATION_ERROR', {
    details: [{ field: 'body', message: 'must have as many bytes as content-length states' }],
    cause,
  });
}
