import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { AdminService } from './admin.service.js';
import { UserAdminController } from './user-admin.controller.js';

/** What managers and admins do with the people of their tenant. */
@Module({
  imports: [AuthModule],
  controllers: [UserAdminController],
  providers: [AdminService],
})
export class AdminModule {}
