import { Module } from '@nestjs/common';
import { RetentionJobs } from './retention.jobs.js';
import { RetentionRepository } from './retention.repository.js';

/** Deletes sessions, audit entries and usage events when their retention period has ended. */
@Module({ providers: [RetentionJobs, RetentionRepository] })
export class RetentionModule {}
