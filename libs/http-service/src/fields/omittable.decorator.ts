import { ValidateIf } from 'class-validator';

/** An optional field. Unlike `@IsOptional()` it refuses null, which a NOT NULL column would refuse. */
export function Omittable(): PropertyDecorator {
  return ValidateIf((_object, value) => value !== undefined);
}
