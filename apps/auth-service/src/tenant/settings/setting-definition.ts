import { COUNTRIES, isCountry, isCountryList } from '@poc-tracker/contracts';
import { checkLine, normalizeDomain } from '@poc-tracker/text';
import { bare, MIN_WORD_LENGTH } from '../../protection/passwords/personal-words.js';

export type SettingValue = boolean | number | string | readonly string[];

/** One setting of the catalogue. */
export interface SettingDefinition<T extends SettingValue = SettingValue> {
  readonly default: T;
  /** The effect of the setting, for the documentation. */
  readonly description: string;
  /** JSON Schema of the accepted values. */
  readonly schema: Readonly<Record<string, unknown>> & { readonly type: string };
  /** The rest of an error text that starts with the path of the setting. */
  readonly rule: string;
  accepts(value: unknown): value is T;
  /** Of a list: the first element that makes it wrong, and the rest of the error text that starts with its path. */
  findWrongElement?(value: unknown): { index: number; message: string } | undefined;
  /** The values that cannot be set yet, each with the rest of the error text. A stored one stays readable. */
  readonly unavailable?: Readonly<Record<string, string>>;
}

type Options<T> = Pick<SettingDefinition, 'description'> & {
  default: T;
};

export function flag(options: Options<boolean>): SettingDefinition<boolean> {
  return {
    ...options,
    schema: { type: 'boolean' },
    rule: 'must be true or false',
    accepts: (value): value is boolean => typeof value === 'boolean',
  };
}

const HEX_COLOR = /^#[0-9a-f]{6}$/i;

/** A hexadecimal color. The strict form keeps other text out of style sheets. */
export function color(options: Options<string>): SettingDefinition<string> {
  return {
    ...options,
    schema: { type: 'string', pattern: '^#[0-9a-fA-F]{6}$' },
    rule: 'must be a color such as #2563eb',
    accepts: (value): value is string => typeof value === 'string' && HEX_COLOR.test(value),
  };
}

/** A duration in hours, fractions included. */
export function hours(
  options: Options<number> & { min: number; max: number },
): SettingDefinition<number> {
  const { min, max, ...rest } = options;
  return {
    ...rest,
    schema: { type: 'number', minimum: min, maximum: max },
    rule: `must be a number of hours from ${min} to ${max}`,
    accepts: (value): value is number => typeof value === 'number' && value >= min && value <= max,
  };
}

/** A whole number. */
export function count(
  options: Options<number> & { min: number; max: number },
): SettingDefinition<number> {
  const { min, max, ...rest } = options;
  return {
    ...rest,
    schema: { type: 'integer', minimum: min, maximum: max },
    rule: `must be a whole number from ${min} to ${max}`,
    accepts: (value): value is number =>
      typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max,
  };
}

export function choice<const T extends string>(
  choices: readonly T[],
  options: Options<T> & { unavailable: Partial<Record<T, string>> },
): SettingDefinition<T> {
  const available = choices.filter((choice) => !Object.hasOwn(options.unavailable, choice));
  return {
    ...options,
    unavailable: options.unavailable as Record<string, string>,
    schema: { type: 'string', enum: available },
    rule: `must be one of ${available.join(', ')}`,
    accepts: (value): value is T => choices.some((known) => known === value),
  };
}

/** A list of different values of a catalogue. */
export function selection<const T extends string>(
  choices: readonly T[],
  options: Options<readonly T[]>,
): SettingDefinition<readonly T[]> {
  const isWrong = (value: unknown, at: number, all: readonly unknown[]) =>
    !choices.some((known) => known === value) || all.indexOf(value) < at;
  return {
    ...options,
    schema: {
      type: 'array',
      items: { type: 'string', enum: [...choices] },
      maxItems: choices.length,
      uniqueItems: true,
    },
    rule: `must be a list of different values of ${choices.join(', ')}`,
    accepts: (value): value is readonly T[] => Array.isArray(value) && !value.some(isWrong),
    findWrongElement: (value) => {
      if (!Array.isArray(value)) return undefined;
      const index = value.findIndex(isWrong);
      if (index < 0) return undefined;
      return {
        index,
        message: choices.some((known) => known === value[index])
          ? 'must not be in the list twice'
          : `must be one of ${choices.join(', ')}`,
      };
    },
  };
}

const MAX_WORDS = 50;
const MAX_WORD_LENGTH = 50;

/** A list of different words, which are compared by their letters and digits. */
export function words(options: Options<readonly string[]>): SettingDefinition<readonly string[]> {
  const isWord = (word: unknown): word is string => {
    if (typeof word !== 'string' || bare(word).length < MIN_WORD_LENGTH) return false;
    const line = checkLine(word, MAX_WORD_LENGTH);
    return 'text' in line && line.text === word;
  };
  const isDifferent = (word: unknown, at: number, all: readonly unknown[]) =>
    all.indexOf(word) === at;
  return {
    ...options,
    schema: {
      type: 'array',
      items: { type: 'string', minLength: MIN_WORD_LENGTH, maxLength: MAX_WORD_LENGTH },
      maxItems: MAX_WORDS,
      uniqueItems: true,
    },
    rule: `must be a list of at most ${MAX_WORDS} different words`,
    accepts: (value): value is readonly string[] =>
      Array.isArray(value) &&
      value.length <= MAX_WORDS &&
      value.every((word, at) => isWord(word) && isDifferent(word, at, value)),
    findWrongElement: (value) => {
      if (!Array.isArray(value)) return undefined;
      const index = value.findIndex((word, at) => !isWord(word) || !isDifferent(word, at, value));
      if (index < 0) return undefined;
      return {
        index,
        message: isWord(value[index])
          ? 'must not be in the list twice'
          : `must be a line of text of at most ${MAX_WORD_LENGTH} characters with at least ${MIN_WORD_LENGTH} letters or digits`,
      };
    },
  };
}

/** More domains than any company uses for addresses. */
const MAX_DOMAINS = 20;
const MAX_DOMAIN_LENGTH = 253;

/** A list of different domains, in lower case and punycode. */
export function domainNames(
  options: Options<readonly string[]>,
): SettingDefinition<readonly string[]> {
  const isDomain = (domain: unknown): domain is string =>
    typeof domain === 'string' &&
    domain.length <= MAX_DOMAIN_LENGTH &&
    domain.includes('.') &&
    normalizeDomain(domain) === domain;
  return {
    ...options,
    schema: {
      type: 'array',
      items: { type: 'string', format: 'hostname', maxLength: MAX_DOMAIN_LENGTH },
      maxItems: MAX_DOMAINS,
      uniqueItems: true,
    },
    rule: `must be a list of at most ${MAX_DOMAINS} different domains such as acme.com.br, in lower case`,
    accepts: (value): value is readonly string[] =>
      Array.isArray(value) &&
      value.length <= MAX_DOMAINS &&
      value.every(isDomain) &&
      new Set(value).size === value.length,
  };
}

/** Half of all countries: a longer list is shorter as its opposite. Both lists fit into the limit of a body. */
const MAX_COUNTRIES = 125;

/** A list of different countries, by their ISO 3166-1 alpha-2 codes. */
export function countries(
  options: Options<readonly string[]>,
): SettingDefinition<readonly string[]> {
  return {
    ...options,
    schema: {
      type: 'array',
      items: { type: 'string', enum: [...COUNTRIES] },
      maxItems: MAX_COUNTRIES,
      uniqueItems: true,
    },
    rule: `must be a list of at most ${MAX_COUNTRIES} different ISO 3166-1 alpha-2 codes such as BR`,
    accepts: (value): value is readonly string[] =>
      isCountryList(value) && value.length <= MAX_COUNTRIES,
    findWrongElement: (value) => {
      if (!Array.isArray(value)) return undefined;
      const index = value.findIndex((code, at) => !isCountry(code) || value.indexOf(code) < at);
      if (index < 0) return undefined;
      return {
        index,
        message: isCountry(value[index])
          ? 'must not be in the list twice'
          : 'must be an ISO 3166-1 alpha-2 code such as BR',
      };
    },
  };
}
