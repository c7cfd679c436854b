export type { CheckedText } from './checked-text.js';
export { normalizeDomain } from './domain-name.js';
export {
  checkEmail,
  emailSearchKey,
  MAX_EMAIL_OCTETS,
  unicodeEmailSearchKey,
} from './email-address.js';
export { hasRecommendedScripts, nameKey, reservedNames } from './name-key.js';
export { checkLine, checkText, LINE_PATTERN } from './text-form.js';
export { canonicalTimeZone } from './time-zone.js';
