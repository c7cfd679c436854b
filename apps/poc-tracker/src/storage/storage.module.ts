import { Module } from '@nestjs/common';
import { FileStorage } from './file-storage.js';
import { TransferSlots } from './transfer-slots.js';

/** Stores the content of files. */
@Module({ providers: [FileStorage, TransferSlots], exports: [FileStorage, TransferSlots] })
export class StorageModule {}
