import { Module } from '@nestjs/common';
import { PocsModule } from '../pocs/pocs.module.js';
import { StorageModule } from '../storage/storage.module.js';
import { ContentService } from './content.service.js';
import { FileController } from './file.controller.js';
import { FileRepository } from './file.repository.js';
import { FileService } from './file.service.js';
import { FileSweep } from './file.sweep.js';
import { LeftoverRepository } from './leftover.repository.js';
import { UploadService } from './upload.service.js';

/** Files of POCs: upload, download and cleanup. */
@Module({
  imports: [PocsModule, StorageModule],
  controllers: [FileController],
  providers: [
    FileRepository,
    FileService,
    UploadService,
    ContentService,
    LeftoverRepository,
    FileSweep,
  ],
})
export class FilesModule {}
