import { type Feature, plansWithFeature } from './plans/plans.js';

/** Every error of the API: its HTTP status and default message. */
export const ERROR_CATALOGUE = {
  TENANT_REQUIRED: { status: 400, message: 'The request does not name a tenant.' },
  INVALID_TENANT: { status: 403, message: 'The tenant is unknown or not active.' },
  TENANT_MISMATCH: { status: 403, message: 'The host belongs to another tenant than the token.' },
  TENANT_EXISTS: { status: 409, message: 'The subdomain is already taken.' },
  SIGNUP_CLOSED: { status: 403, message: 'Sign-up is disabled.' },
  VALIDATION_ERROR: { status: 400, message: 'The request is not valid.' },
  SUBSCRIPTION_ENDED: {
    status: 403,
    message: 'The subscription has ended; the tenant is read-only.',
  },
  INVALID_TRANSITION: {
    status: 409,
    message: 'The tenant cannot change from its current status to this one.',
  },
  DOMAIN_TAKEN: { status: 409, message: 'Another tenant uses this domain.' },
  DOMAIN_NOT_VERIFIED: {
    status: 409,
    message: 'The DNS record that verifies the domain is missing.',
  },
  LOCATION_NOT_ALLOWED: {
    status: 403,
    message: 'The tenant does not allow log-ins from your location.',
  },
  CONFIRMATION_REQUIRED: {
    status: 409,
    message: 'Another browser asked for this link. Confirm that you want to log in here.',
  },
  LOGIN_METHOD_DISABLED: {
    status: 403,
    message: 'The tenant does not allow this way to log in.',
  },
  REGISTRATION_REFUSED: {
    status: 403,
    message: 'The tenant does not accept registrations from this address.',
  },
  PASSWORD_CHANGE_REQUIRED: {
    status: 403,
    message: 'The password must be changed before the next login.',
  },
  SUSPICIOUS_LOGIN: {
    status: 403,
    message:
      'The log-in looks suspicious. Log in on a device that you have used before, or ask an admin.',
  },
  SECOND_FACTOR_REQUIRED: {
    status: 401,
    message: 'The log-in needs a second factor. Send it to POST /auth/login/factor.',
  },
  INVALID_CHALLENGE: {
    status: 401,
    message: 'The log-in challenge is not valid, was used or has expired. Log in again.',
  },
  ROLE_EXISTS: { status: 409, message: 'The tenant already has a role with this name.' },
  ROLE_IN_USE: { status: 409, message: 'Users still have this role.' },
  INVITE_EXISTS: { status: 409, message: 'An open invitation for this address already exists.' },
  USER_EXISTS: { status: 409, message: 'A user with this email address already exists.' },
  USER_LIMIT_EXCEEDED: { status: 403, message: 'The tenant has no seat for another user.' },
  POC_LIMIT_EXCEEDED: { status: 403, message: 'The tenant has reached its POC limit.' },
  STORAGE_LIMIT_EXCEEDED: { status: 403, message: 'The tenant has reached its storage limit.' },
  LAST_ADMIN: { status: 409, message: 'The tenant must keep at least one active admin.' },
  FACTOR_EXISTS: { status: 409, message: 'This passkey is registered already.' },
  FACTOR_LIMIT_EXCEEDED: { status: 403, message: 'The account has the largest number of factors.' },
  LAST_FACTOR: {
    status: 409,
    message: 'The tenant requires a second factor, so the last one cannot be removed.',
  },
  INVALID_INVITE: { status: 400, message: 'The invitation is not valid, was used or has expired.' },
  INVALID_LINK: { status: 400, message: 'The link is not valid, was used or has expired.' },
  INVALID_CODE: {
    status: 401,
    message: 'The code is not valid, was used or has expired.',
  },
  INVALID_CREDENTIALS: { status: 401, message: 'The email address or the password is wrong.' },
  AUTH_REQUIRED: { status: 401, message: 'This route requires an authenticated user.' },
  STEP_UP_REQUIRED: {
    status: 401,
    message:
      'This needs a recent proof of your identity. Send one to POST /auth/step-up and try again.',
  },
  TOKEN_REQUIRED: { status: 401, message: 'The request has no token.' },
  INVALID_TOKEN: { status: 401, message: 'The token is not valid or has expired.' },
  TOKEN_REVOKED: { status: 401, message: 'The token has been revoked.' },
  SESSION_EXPIRED: { status: 401, message: 'The session has ended; log in again.' },
  INSUFFICIENT_PERMISSIONS: { status: 403, message: 'You are not allowed to do this.' },
  FACTOR_ENROLLMENT_REQUIRED: {
    status: 403,
    message: 'The tenant requires a second factor. Add one to continue.',
  },
  FEATURE_NOT_AVAILABLE: {
    status: 403,
    message: "The tenant's plan does not include this feature.",
  },
  NOT_FOUND: { status: 404, message: 'The requested resource does not exist.' },
  METHOD_NOT_ALLOWED: { status: 405, message: 'This path does not support this method.' },
  RANGE_NOT_SATISFIABLE: { status: 416, message: 'The requested range is outside the file.' },
  INVALID_CLIENT: { status: 401, message: 'The client credentials are wrong or missing.' },
  PAYLOAD_TOO_LARGE: { status: 413, message: 'The body is too large.' },
  UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    message: 'The route does not support the content type of the body.',
  },
  HEADERS_TOO_LARGE: { status: 431, message: 'The headers of the request are too large.' },
  RATE_LIMIT_EXCEEDED: { status: 429, message: 'Too many attempts; try again later.' },
  INTERNAL_ERROR: { status: 500, message: 'Something went wrong on our side.' },
  METRICS_ERROR: { status: 500, message: 'The metrics could not be read.' },
  SERVICE_BUSY: { status: 503, message: 'The service is busy; try again in a moment.' },
  OUTCOME_UNKNOWN: {
    status: 504,
    message: 'It is unknown whether the change was made. Repeat the request to find out.',
  },
  SERVICE_UNAVAILABLE: { status: 503, message: 'The service is temporarily unavailable.' },
} as const satisfies Record<string, { status: number; message: string }>;

export type ErrorCode = keyof typeof ERROR_CATALOGUE;

/** An invalid field. The `details` of VALIDATION_ERROR are a list of these. */
export interface FieldError {
  field: string;
  message: string;
}

/** The body of every error response. */
export interface ErrorBody {
  error: string;
  code: ErrorCode;
  status: number;
  requestId: string;
  details?: unknown;
}

/**
 * An error of the catalogue. Any layer can throw it; the exception filter responds to it. `details` are public; `cause` is
 * only logged.
 */
export class ApiError extends Error {
  readonly status: number;
  readonly details: unknown;
  /** Seconds that the client should wait, sent as Retry-After. */
  readonly retryAfter: number | undefined;

  constructor(
    readonly code: ErrorCode,
    options: { details?: unknown; retryAfter?: number; cause?: unknown; message?: string } = {},
  ) {
    super(options.message ?? ERROR_CATALOGUE[code].message, { cause: options.cause });
    this.name = 'ApiError';
    this.status = ERROR_CATALOGUE[code].status;
    this.details = options.details;
    this.retryAfter = options.retryAfter;
  }

  /** A FEATURE_NOT_AVAILABLE that names the plans that include the feature. */
  static featureNotAvailable(feature: Feature): ApiError {
    const details = { feature, availableIn: plansWithFeature(feature) };
    return new ApiError('FEATURE_NOT_AVAILABLE', { details });
  }

  /** A VALIDATION_ERROR for these fields. */
  static validation(...fields: FieldError[]): ApiError {
    return new ApiError('VALIDATION_ERROR', { details: fields });
  }
}
