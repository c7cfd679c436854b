import { Injectable } from '@nestjs/common';
import { ApiError } from '@poc-tracker/contracts';
import { SecurityEvents } from '../../audit/security-events.js';
import { SuppressionRepository } from './suppression.repository.js';
import type { SuppressionListResponse } from './suppression.response.js';

/** The addresses that a tenant sends no mails to. */
@Injectable()
export class SuppressionService {
  constructor(
    private readonly suppressions: SuppressionRepository,
    private readonly events: SecurityEvents,
  ) {}

  async list(): Promise<SuppressionListResponse> {
    return { items: await this.suppressions.list() };
  }

  /** From then on mails to the address are sent. @throws ApiError NOT_FOUND */
  async delete(id: string): Promise<{ deleted: true }> {
    if (!(await this.suppressions.delete(id))) throw new ApiError('NOT_FOUND');
    await this.events.record({
      type: 'mail.suppression_removed',
      result: 'success',
      target: { type: 'suppression', id },
    });
    return { deleted: true };
  }
}
