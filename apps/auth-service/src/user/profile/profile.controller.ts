import { Body, Controller, Get, Put } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import {
  AllowedBeforeEnrollment,
  Authenticated,
  CurrentUser,
  type Principal,
  WritesOwnAccount,
} from '@poc-tracker/auth-kit';
import { DataResponse } from '@poc-tracker/http-service';
import { UserResponse } from '../user.response.js';
import { UserService } from '../user.service.js';
import { UpdateProfileDto } from './profile.dto.js';
import { ProfileResponse } from './profile.response.js';

@ApiTags('auth')
@Controller('auth/me')
export class ProfileController {
  constructor(private readonly users: UserService) {}

  @Get()
  @Authenticated()
  @AllowedBeforeEnrollment()
  @ApiOperation({ summary: 'Get your profile and your tenant' })
  @DataResponse(200, ProfileResponse)
  getProfile(@CurrentUser() { userId }: Principal): Promise<ProfileResponse> {
    return this.users.profileWithTenant(userId);
  }

  @Put()
  @Authenticated()
  @WritesOwnAccount()
  @ApiOperation({ summary: 'Update your profile' })
  @DataResponse(200, UserResponse)
  updateProfile(
    @CurrentUser() { userId }: Principal,
    @Body() changes: UpdateProfileDto,
  ): Promise<UserResponse> {
    return this.users.updateProfile(userId, changes);
  }
}
