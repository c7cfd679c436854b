import { Module } from '@nestjs/common';
import { FileStorage } from './file-storage.js';

/** The folder of the files' contents. */
@Module({ providers: [FileStorage], exports: [FileStorage] })
export class StorageModule {}
