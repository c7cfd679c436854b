/** Media type of a file whose client named none. */
const UNKNOWN_TYPE = 'application/octet-stream';

const MEDIA_TYPE = /^([a-z0-9!#$&^_.+-]{1,100}\/[a-z0-9!#$&^_.+-]{1,100})\s*(?:;.*)?$/;

/**
 * The media type of a Content-Type header, without its parameters and in lower case (RFC 9110, 8.3.1).
 * @returns undefined when the header is none.
 */
export function readMediaType(header: string | undefined): string | undefined {
  if (header === undefined || header.trim() === '') return UNKNOWN_TYPE;
  return MEDIA_TYPE.exec(header.trim().toLowerCase())?.[1];
}

/**
 * Content-Disposition that makes a browser save the file and never show it on our origin (RFC 6266): the name in plain
 * ASCII for old clients, and whole in UTF-8.
 */
export function attachment(fileName: string): string {
  const plain = fileName.replace(/[^\x20-\x7e]|["\\%]/gu, '_');
  // What RFC 8187 lets through unescaped, and encodeURIComponent does as well, less ' ( ) *.
  const encoded = encodeURIComponent(fileName).replace(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`;
}
