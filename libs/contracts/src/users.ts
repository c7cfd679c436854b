export const USER_STATUSES = ['active', 'inactive', 'suspended'] as const;

export type UserStatus = (typeof USER_STATUSES)[number];

export const LOCALES = ['pt-BR', 'en-US'] as const;

export type Locale = (typeof LOCALES)[number];
