export const USER_STATUSES = ['active', 'inactive', 'suspended'] as const;

export type UserStatus = (typeof USER_STATUSES)[number];

/** What a user can have as a second factor. */
export const FACTOR_KINDS = ['totp', 'passkey'] as const;

export type FactorKind = (typeof FACTOR_KINDS)[number];

export const LOCALES = ['pt-BR', 'en-US'] as const;

export type Locale = (typeof LOCALES)[number];
