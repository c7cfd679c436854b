import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsInt, Max, Min } from 'class-validator';
import { Omittable } from './omittable.decorator.js';

/** As in JSON. Number() also reads 007, 0x10, 1e1, +1 and surrounding spaces. */
const DECIMAL_DIGITS = /^(?:0|[1-9][0-9]*)$/;

/** An optional whole number of a query, in decimal digits only, without leading zeros. */
export function QueryInteger(options: {
  min: number;
  max: number;
  example: number;
  default?: number;
}): PropertyDecorator {
  const { min, max } = options;
  return applyDecorators(
    ApiPropertyOptional({
      type: 'integer',
      minimum: min,
      maximum: max,
      example: options.example,
      ...(options.default !== undefined && { default: options.default }),
    }),
    Transform(({ value }: { value: unknown }) =>
      typeof value === 'string' && DECIMAL_DIGITS.test(value) ? Number(value) : value,
    ),
    Omittable(),
    IsInt(),
    Min(min),
    Max(max),
  );
}
