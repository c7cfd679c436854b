import { Body, Controller, Get, Put } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Authenticated, CurrentUser, type Principal } from '@poc-tracker/auth-kit';
import { DataResponse } from '@poc-tracker/http-service';
import { UpdateProfileDto } from './profile.dto.js';
import { UserResponse } from './user.response.js';
import { UserService } from './user.service.js';

@ApiTags('auth')
@Controller('auth/me')
export class ProfileController {
  constructor(private readonly users: UserService) {}

  @Get()
  @Authenticated()
  @ApiOperation({ summary: 'Get your profile' })
  @DataResponse(200, UserResponse)
  getProfile(@CurrentUser() { userId }: Principal): Promise<UserResponse> {
    return this.users.profile(userId);
  }

  @Put()
  @Authenticated()
  @ApiOperation({ summary: 'Update your profile' })
  @DataResponse(200, UserResponse)
  updateProfile(
    @CurrentUser() { userId }: Principal,
    @Body() changes: UpdateProfileDto,
  ): Promise<UserResponse> {
    return this.users.updateProfile(userId, changes);
  }
}
