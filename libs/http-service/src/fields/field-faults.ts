import type { FieldError } from '@poc-tracker/contracts';
import { getMetadataStorage, type ValidationError } from 'class-validator';

/** Fields named in one response, so that a request with many unknown fields does not cause a larger response. */
const MAX_FIELD_ERRORS = 50;

/** Characters of a field's path in a response, because the client chooses the names of unknown fields. */
const MAX_PATH_LENGTH = 200;

/** A sentence for a rule of class-validator. `limits` are the arguments of its decorator. */
interface Sentence {
  /** Rules of a lower rank are reported first: a value of the wrong type also violates every rule about its size. */
  rank: number;
  one: (...limits: unknown[]) => string;
  /** For a rule with `each: true`. */
  each?: (...limits: unknown[]) => string;
}

const TYPE = 0;
const SIZE = 1;
const FORM = 2;
const DETAIL = 3;

/** What a field of text says of a value of another type. */
export const NOT_TEXT = 'must be text';

/** For rules whose decorator states no message of its own. Those of class-validator are not written for users. */
const SENTENCES: Readonly<Record<string, Sentence>> = {
  isString: { rank: TYPE, one: () => NOT_TEXT, each: () => 'must contain only text' },
  isInt: { rank: TYPE, one: () => 'must be a whole number' },
  isBoolean: { rank: TYPE, one: () => 'must be true or false' },
  isArray: { rank: TYPE, one: () => 'must be a list' },
  isObject: {
    rank: TYPE,
    one: () => 'must be an object',
    each: () => 'must contain only objects',
  },
  nestedValidation: { rank: TYPE, one: () => 'must be an object' },
  isIn: {
    rank: TYPE,
    one: (values) => `must be one of ${list(values)}`,
    each: (values) => `must contain only ${list(values)}`,
  },
  isLength: {
    rank: SIZE,
    one: (min, max) => `must have ${String(min)} to ${counted(max, 'character')}`,
  },
  maxLength: { rank: SIZE, one: (max) => `must have at most ${counted(max, 'character')}` },
  min: { rank: SIZE, one: (min) => `must be at least ${String(min)}` },
  max: { rank: SIZE, one: (max) => `must be at most ${String(max)}` },
  arrayMinSize: {
    rank: SIZE,
    one: (min) => `must have at least ${counted(min, 'entry', 'entries')}`,
  },
  arrayMaxSize: {
    rank: SIZE,
    one: (max) => `must have at most ${counted(max, 'entry', 'entries')}`,
  },
  arrayUnique: { rank: SIZE, one: () => 'must not contain the same value twice' },
  isUuid: { rank: FORM, one: () => 'must be a UUID' },
  matches: { rank: FORM, one: () => 'has a wrong format' },
  isIso8601: { rank: DETAIL, one: () => 'must be an existing date and time (ISO 8601)' },
};

/** Rules that text alone can satisfy. */
const TEXT_RULES = new Set(['isLength', 'maxLength', 'matches', 'isUuid', 'isIso8601']);

/**
 * The invalid fields in their order, at most {@link MAX_FIELD_ERRORS}, with one sentence for each: the first thing to
 * correct. A sentence contains no value.
 */
export function toFieldErrors(errors: readonly ValidationError[]): FieldError[] {
  const fields: FieldError[] = [];
  const pending = errors.map((error) => ({ error, path: error.property })).reverse();
  for (
    let next = pending.pop();
    next !== undefined && fields.length < MAX_FIELD_ERRORS;
    next = pending.pop()
  ) {
    const { error, path } = next;
    const message = faultOf(error);
    if (message !== undefined) {
      fields.push({ field: (path || 'body').slice(0, MAX_PATH_LENGTH), message });
      continue;
    }
    for (const child of [...(error.children ?? [])].reverse()) {
      pending.push({ error: child, path: `${path}.${child.property}` });
    }
  }
  return fields;
}

/** Undefined if only nested fields are invalid. */
function faultOf(error: ValidationError): string | undefined {
  const rules = Object.keys(error.constraints ?? {});
  if (rules.length === 0) return undefined;
  if (rules.includes('whitelistValidation')) return 'is not a known field';
  if (error.value === undefined) return 'is required';
  const [first] = rules
    .map((rule) => sentenceOf(error, rule))
    .sort((one, other) => one.rank - other.rank);
  return first?.text;
}

function sentenceOf(error: ValidationError, rule: string): { rank: number; text: string } {
  const stated = statedRule(error, rule);
  const { rank, one, each } = SENTENCES[rule] ?? { rank: FORM, one: () => '' };
  if (TEXT_RULES.has(rule) && stated?.each !== true && typeof error.value !== 'string')
    return { rank: TYPE, text: NOT_TEXT };
  const sentence = stated?.each === true ? (each ?? one) : one;
  const isOwn = stated?.message !== undefined || SENTENCES[rule] === undefined;
  const text = isOwn
    ? ownMessage(error, rule)
    : sentence(...((stated?.constraints ?? []) as unknown[]));
  return { rank, text };
}

/** The decorator that states the rule; undefined for an element of a list, which has none. */
function statedRule({ target, property }: ValidationError, rule: string) {
  if (target === undefined) return undefined;
  return getMetadataStorage()
    .getTargetValidationMetadatas(target.constructor, '', false, false)
    .find((metadata) => metadata.propertyName === property && metadata.name === rule);
}

/** What the decorator says. It may name the field first, which the response does apart. */
function ownMessage({ constraints, property }: ValidationError, rule: string): string {
  const message = constraints?.[rule] ?? '';
  return message.startsWith(`${property} `) ? message.slice(property.length + 1) : message;
}

function list(values: unknown): string {
  return (values as unknown[]).map(String).join(', ');
}

function counted(count: unknown, one: string, many = `${one}s`): string {
  return `${String(count)} ${count === 1 ? one : many}`;
}
