import { ApiProperty } from '@nestjs/swagger';
import { NextCursor } from '@poc-tracker/http-service';

/** A row of tenant_domains. */
export interface TenantDomainRow {
  id: string;
  domain: string;
  token: string;
  requestedAt: Date;
  verifiedAt: Date | null;
  isCurrent: boolean;
}

class DomainProof {
  @ApiProperty({ example: '_poc-tracker-challenge.login.acme.example' })
  name: string;

  @ApiProperty({ enum: ['TXT'], example: 'TXT' })
  type: 'TXT';

  @ApiProperty({ example: 'poc-tracker-verification=Zm9yLXRoZS1leGFtcGxlLW9ubHk' })
  value: string;
}

/** A domain of a tenant. */
export class TenantDomainResponse {
  @ApiProperty({ format: 'uuid', example: '0192f0c1-7d3a-7c51-9f0e-3a2b1c4d5e6f' })
  id: string;

  @ApiProperty({ example: 'login.acme.example' })
  domain: string;

  @ApiProperty({ type: DomainProof, description: 'The DNS record that proves the ownership.' })
  proof: DomainProof;

  @ApiProperty({ type: String, format: 'date-time' })
  requestedAt: Date;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: null })
  verifiedAt: Date | null;

  @ApiProperty({
    description:
      'Whether it is the custom domain in the branding, which is the domain verified last.',
    example: false,
  })
  isCurrent: boolean;
}

/** All domains of a tenant. */
export class TenantDomainPageResponse {
  @ApiProperty({ type: TenantDomainResponse, isArray: true })
  items: TenantDomainResponse[];

  @NextCursor()
  nextCursor: string | null;
}

/** The record that proves a domain. It has a name of its own, so that publishing it requires no access to other records. */
export function proofOf({ domain, token }: Pick<TenantDomainRow, 'domain' | 'token'>): DomainProof {
  return {
    name: `_poc-tracker-challenge.${domain}`,
    type: 'TXT',
    value: `poc-tracker-verification=${token}`,
  };
}

export function toTenantDomainResponse(row: TenantDomainRow): TenantDomainResponse {
  const { id, domain, requestedAt, verifiedAt, isCurrent } = row;
  return { id, domain, proof: proofOf(row), requestedAt, verifiedAt, isCurrent };
}
