/** A standing takes 1 KiB, and so does a set of two keys. */
const MAX_LENGTH = 64 * 1024;

/** The text of an answer of the issuer. @throws Error when it goes on for longer than any that is meant. */
export async function readBounded(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    if (text.length > MAX_LENGTH) throw new Error('its answer is too large.');
  }
  return text;
}
