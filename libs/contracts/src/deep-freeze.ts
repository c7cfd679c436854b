/** Freezes a value that is shared and never changes, such as settings or a cached value, with all that it contains. */
export function deepFreeze<T extends object>(value: T): T {
  for (const nested of Object.values(value) as unknown[]) {
    if (isPlain(nested)) deepFreeze(nested);
  }
  return Object.freeze(value);
}

/** Excludes keys and buffers: a key caches its details, and a buffer cannot be frozen. */
function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  return Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype;
}
