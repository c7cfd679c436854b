import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { RESERVED_SUBDOMAINS } from '@poc-tracker/contracts';
import { reservedNames } from '@poc-tracker/text';
import { IsString, Length, Matches, ValidateBy } from 'class-validator';

/** Longest label of a domain name (RFC 1035, 2.3.4). */
const MAX_LABEL_LENGTH = 63;

/** True for a reserved subdomain and for one that could be taken for it, such as adm1n. */
const isReservedSubdomain = reservedNames(RESERVED_SUBDOMAINS);

/** The subdomain of a new tenant. */
export function Subdomain(example: string): PropertyDecorator {
  return applyDecorators(
    ApiProperty({
      minLength: 1,
      maxLength: MAX_LABEL_LENGTH,
      pattern: '^(?!..--)[a-z0-9]([a-z0-9-]*[a-z0-9])?$',
      description:
        'Lower-case letters, digits and hyphens; starts and ends with a letter or digit. Names of the product and of the ' +
        'usual services of a domain are reserved, such as www, api, login, mail and support, and so are names that look ' +
        'like one of them, such as supp0rt, www1 and plat-form.',
      example,
    }),
    IsString(),
    Length(1, MAX_LABEL_LENGTH),
    Matches(/^[a-z0-9-]+$/, {
      message: '$property must consist of lower-case letters, digits and hyphens',
    }),
    Matches(/^(?!-)[^]*(?<!-)$/, { message: '$property must not start or end with a hyphen' }),
    // Browsers show a label such as xn--pltform-gwa as a name in other letters (RFC 5891, 4.2.3.1).
    Matches(/^(?!..--)/, {
      message: '$property must not have hyphens in the third and fourth place',
    }),
    ValidateBy(
      {
        name: 'isNotReserved',
        validator: {
          validate: (value) => typeof value !== 'string' || !isReservedSubdomain(value),
        },
      },
      { message: '$property is reserved' },
    ),
  );
}
