import { isUuid } from '@poc-tracker/contracts';
import { foreignCursor } from '@poc-tracker/http-service';

/** Where a list of POCs stands: at an id, and before it at the title where titles are its order. */
export interface PocPosition {
  id: string;
  title: string;
}

export function formatPosition({ id, title }: PocPosition): string {
  return `${id}${title}`;
}

/** PostgreSQL takes no NUL, wherever it comes from. */
const POSITION = /^(.{36})([^\0]*)$/;

/** @throws ApiError VALIDATION_ERROR for text that no page has ended with. */
export function parsePosition(text: string): PocPosition {
  const [, id = '', title = ''] = POSITION.exec(text) ?? [];
  if (!isUuid(id)) throw foreignCursor();
  return { id, title };
}
