import { ValidateIf } from 'class-validator';

/** The field may be left out. Unlike `@IsOptional()` it lets no null through, which a NOT NULL column would refuse. */
export function Omittable(): PropertyDecorator {
  return ValidateIf((_object, value) => value !== undefined);
}
