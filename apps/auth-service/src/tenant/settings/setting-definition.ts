import type { Plan } from '@poc-tracker/contracts';

export type SettingValue = boolean | number | string;

/** One setting of the catalogue: what it may be, what it is by itself, and what it does. */
export interface SettingDefinition<T extends SettingValue = SettingValue> {
  readonly default: T;
  /** What holds on a plan instead of the default, for a tenant that has not chosen. */
  readonly byPlan?: Partial<Record<Plan, T>>;
  /** What the setting does, for whoever sets it. */
  readonly description: string;
  /** JSON Schema of the values, as the document shows it. */
  readonly schema: Readonly<Record<string, unknown>> & { readonly type: string };
  /** Ends the sentence "the value …" when one is refused. */
  readonly rule: string;
  accepts(value: unknown): value is T;
}

type Options<T> = Pick<SettingDefinition, 'description'> & {
  default: T;
  byPlan?: Partial<Record<Plan, T>>;
};

/** On or off. */
export function flag(options: Options<boolean>): SettingDefinition<boolean> {
  return {
    ...options,
    schema: { type: 'boolean' },
    rule: 'must be true or false',
    accepts: (value): value is boolean => typeof value === 'boolean',
  };
}

/** Off, and refused to be on for the reason given: who switches a protection on must not believe in one that is not there. */
export function offUntilBuilt(
  options: Pick<SettingDefinition, 'description'> & { because: string },
): SettingDefinition<boolean> {
  const { because, description } = options;
  return {
    description,
    default: false,
    schema: { type: 'boolean', enum: [false] },
    rule: `must be false, because ${because}`,
    accepts: (value): value is boolean => value === false,
  };
}

const HEX_COLOUR = /^#[0-9a-f]{6}$/i;

/** A colour of a style sheet, which nothing else may get into. */
export function colour(options: Options<string>): SettingDefinition<string> {
  return {
    ...options,
    schema: { type: 'string', pattern: '^#[0-9a-fA-F]{6}$' },
    rule: 'must be a colour such as #2563eb',
    accepts: (value): value is string => typeof value === 'string' && HEX_COLOUR.test(value),
  };
}

/** A duration in hours, of which parts may be stated. */
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

/** One of a few words. */
export function choice<const T extends string>(
  choices: readonly T[],
  options: Options<T>,
): SettingDefinition<T> {
  return {
    ...options,
    schema: { type: 'string', enum: choices },
    rule: `must be one of ${choices.join(', ')}`,
    accepts: (value): value is T => choices.some((known) => known === value),
  };
}
