/** A session status takes 1 KiB, and so does a set of two keys. */
const MAX_LENGTH = 64 * 1024;

/** Reads the body of a response. @throws Error if it is longer than any valid response. */
export async function readBounded(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    if (text.length > MAX_LENGTH) throw new Error('its response is too large.');
  }
  return text;
}
