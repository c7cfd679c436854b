import { ApiError } from '@poc-tracker/contracts';

/** Parameters of a query or a form. The search of the audit log has 10. Each costs the time of its validation. */
const MAX_PARAMETERS = 100;

/**
 * The query of a request target, as the router finds it: from the first question mark or number sign on. A client must not
 * send the latter (RFC 9112, 3.2), but a router that takes it for the start of a query would parse what follows.
 */
export function queryOf(target: string): string {
  const start = target.search(/[?#]/);
  return start === -1 ? '' : target.slice(start + 1);
}

/** @throws ApiError VALIDATION_ERROR for a query or a form, not parsed yet, with more than 100 parameters. */
export function checkParameterCount(text: string, field: string): void {
  if (text.split('&', MAX_PARAMETERS + 1).length > MAX_PARAMETERS)
    throw ApiError.validation({
      field,
      message: `must not have more than ${MAX_PARAMETERS} parameters`,
    });
}
