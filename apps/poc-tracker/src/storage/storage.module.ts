import { Module } from '@nestjs/common';
import { FileStorage } from './file-storage.js';

/** Stores the content of files. */
@Module({ providers: [FileStorage], exports: [FileStorage] })
export class StorageModule {}
