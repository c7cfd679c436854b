import { isUuid } from '@poc-tracker/contracts';
import { foreignCursor } from '@poc-tracker/http-service';

/** The position of a page cursor: the last id, and the last title if the list is sorted by title. */
export interface PocPosition {
  id: string;
  title: string;
}

export function formatPosition({ id, title }: PocPosition): string {
  return `${id}${title}`;
}

/** PostgreSQL does not accept NUL in text. */
const POSITION = /^(.{36})([^\0]*)$/;

/** @throws ApiError VALIDATION_ERROR if the text is not a position. */
export function parsePosition(text: string): PocPosition {
  const [, id = '', title = ''] = POSITION.exec(text) ?? [];
  if (!isUuid(id)) throw foreignCursor();
  return { id, title };
}
