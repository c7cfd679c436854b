/** The media type of a file that was uploaded without one. */
const UNKNOWN_TYPE = 'application/octet-stream';

const MEDIA_TYPE = /^([a-z0-9!#$&^_.+-]{1,100}\/[a-z0-9!#$&^_.+-]{1,100})\s*(?:;.*)?$/;

/**
 * Parses the media type of a Content-Type header, without parameters and in lower case (RFC 9110, 8.3.1).
 * @returns undefined if the header is not valid.
 */
export function readMediaType(header: string | undefined): string | undefined {
  if (header === undefined || header.trim() === '') return UNKNOWN_TYPE;
  return MEDIA_TYPE.exec(header.trim().toLowerCase())?.[1];
}

/**
 * A Content-Disposition header that makes browsers save the file instead of rendering it on this origin (RFC 6266). It has
 * the name in ASCII for old clients, and in UTF-8.
 */
export function attachment(fileName: string): string {
  const plain = fileName.replace(/[^\x20-\x7e]|["\\%]/gu, '_');
  // RFC 8187 requires escaping ' ( ) * as well, which encodeURIComponent does not escape.
  const encoded = encodeURIComponent(fileName).replace(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`;
}
