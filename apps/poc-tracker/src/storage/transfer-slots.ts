import { Injectable } from '@nestjs/common';
import { Slots } from '@poc-tracker/http-service';

/**
 * Uploads and downloads at once. Each keeps a file and a connection open for as long as its client likes, and an upload may take
 * an hour.
 */
const MAX_TRANSFERS = { total: 500, each: { user: 50, tenant: 200 }, retryAfter: 5 };

/** Bounds the uploads and downloads of this process. */
@Injectable()
export class TransferSlots extends Slots<'user' | 'tenant'> {
  constructor() {
    super(MAX_TRANSFERS);
  }
}
