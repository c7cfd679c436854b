const handlers = new WeakSet<object>();

/**
 * The handler waits for something slower than a database, such as a client that sends or reads a file: it gets neither
 * the request's transaction nor its time limit, and opens short ones with `TenantDatabase.transaction()`.
 */
export function OwnTransactions(): MethodDecorator {
  return (_target, _property, descriptor) => {
    handlers.add(descriptor.value as object);
  };
}

/** Of the library itself. */
export function opensOwnTransactions(handler: object): boolean {
  return handlers.has(handler);
}
