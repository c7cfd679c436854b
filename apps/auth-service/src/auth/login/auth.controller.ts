import { Body, Controller, HttpCode, Post, Put, Req } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import {
  Authenticated,
  CurrentUser,
  type Principal,
  Public,
  WritesWhenReadOnly,
} from '@poc-tracker/auth-kit';
import type { TenantSnapshot } from '@poc-tracker/contracts';
import { ApiErrors, DataResponse } from '@poc-tracker/http-service';
import type { NamingRequest } from '@poc-tracker/tenancy';
import { CurrentDevice, type Device } from '../../session/device.decorator.js';
import { LeavesRightsAlone } from '../../session/service-session-status.js';
import { RevokedSessionsResponse, TokensResponse } from '../../session/session.response.js';
import { SessionService } from '../../session/session.service.js';
import { ResolvedTenant } from '../../tenant/resolution/resolved-tenant.decorator.js';
import { Tenantless } from '../../tenant/resolution/tenantless.decorator.js';
import {
  ChangePasswordDto,
  LoginDto,
  RefreshDto,
  RegisterDto,
  RenewPasswordDto,
} from './auth.dto.js';
import { LoginResponse } from './login.response.js';
import { AuthService } from './auth.service.js';
import { PasswordService } from '../password/password.service.js';

@ApiTags('auth')
@Controller('auth')
export class AuthController {
  constructor(
    private readonly auth: AuthService,
    private readonly passwords: PasswordService,
    private readonly sessions: SessionService,
  ) {}

  @Post('register')
  @Public()
  @ApiOperation({ summary: 'Join the tenant, with an invitation or without' })
  @DataResponse(201, LoginResponse)
  @ApiErrors(
    'TENANT_REQUIRED',
    'INVALID_TENANT',
    'REGISTRATION_REFUSED',
    'SUBSCRIPTION_ENDED',
    'INVALID_INVITE',
    'USER_EXISTS',
    'USER_LIMIT_EXCEEDED',
    'SERVICE_BUSY',
  )
  register(
    @ResolvedTenant() tenant: TenantSnapshot,
    @Body() input: RegisterDto,
    @CurrentDevice() device: Device,
  ): Promise<LoginResponse> {
    return this.auth.register(tenant, input, device);
  }

  @Post('login')
  @HttpCode(200)
  @Public()
  @LeavesRightsAlone()
  @ApiOperation({ summary: 'Log in' })
  @DataResponse(200, LoginResponse)
  @ApiErrors(
    'TENANT_REQUIRED',
    'INVALID_TENANT',
    'INVALID_CREDENTIALS',
    'PASSWORD_CHANGE_REQUIRED',
    'SERVICE_BUSY',
  )
  login(
    @ResolvedTenant() tenant: TenantSnapshot,
    @Body() input: LoginDto,
    @CurrentDevice() device: Device,
  ): Promise<LoginResponse> {
    return this.auth.login(tenant, input, device);
  }

  @Post('refresh')
  @HttpCode(200)
  @Public()
  @LeavesRightsAlone()
  @Tenantless()
  @ApiOperation({ summary: 'Exchange the refresh token for new tokens of the same session' })
  @DataResponse(200, TokensResponse)
  @ApiErrors(
    'INVALID_TOKEN',
    'TOKEN_REVOKED',
    'SESSION_EXPIRED',
    'INVALID_TENANT',
    'TENANT_MISMATCH',
  )
  refresh(
    @Body() { refreshToken }: RefreshDto,
    @CurrentDevice() device: Device,
    @Req() request: NamingRequest,
  ): Promise<TokensResponse> {
    return this.sessions.rotate(refreshToken, device, request);
  }

  @Post('logout')
  @HttpCode(200)
  @Authenticated()
  @WritesWhenReadOnly()
  @ApiOperation({ summary: 'End this session' })
  @DataResponse(200, RevokedSessionsResponse)
  logout(@CurrentUser() { userId, sessionId }: Principal): Promise<RevokedSessionsResponse> {
    return this.sessions.end(userId, sessionId);
  }

  @Post('password/renew')
  @HttpCode(200)
  @Public()
  @ApiOperation({
    summary: 'Set a password of your own in place of the current one, and log in with it',
    description: 'For whoever is answered PASSWORD_CHANGE_REQUIRED at log-in.',
  })
  @DataResponse(200, LoginResponse)
  @ApiErrors('TENANT_REQUIRED', 'INVALID_TENANT', 'INVALID_CREDENTIALS', 'SERVICE_BUSY')
  renewPassword(
    @ResolvedTenant() tenant: TenantSnapshot,
    @Body() input: RenewPasswordDto,
    @CurrentDevice() device: Device,
  ): Promise<LoginResponse> {
    return this.passwords.renew(tenant, input, device);
  }

  @Put('password')
  @Authenticated()
  @WritesWhenReadOnly()
  @ApiOperation({
    summary: 'Change the password; ends every session and answers the tokens of a new one',
  })
  @DataResponse(200, TokensResponse)
  @ApiErrors('INVALID_CREDENTIALS', 'SERVICE_BUSY')
  changePassword(
    @CurrentUser() user: Principal,
    @Body() input: ChangePasswordDto,
    @CurrentDevice() device: Device,
  ): Promise<TokensResponse> {
    return this.passwords.change(user, input, device);
  }
}
