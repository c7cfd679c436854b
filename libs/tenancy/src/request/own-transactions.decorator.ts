const handlers = new WeakSet<object>();

/**
 * For a handler that waits for something slow, such as the upload or download of a file: it has neither the request's
 * transaction nor its timeout, and uses short transactions of `TenantDatabase.transaction()`.
 */
export function OwnTransactions(): MethodDecorator {
  return (_target, _property, descriptor) => {
    handlers.add(descriptor.value as object);
  };
}

/** Internal to the library. */
export function opensOwnTransactions(handler: object): boolean {
  return handlers.has(handler);
}
