import { Body, Controller, Delete, Get, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Authenticated, CurrentUser, Permissions, type Principal } from '@poc-tracker/auth-kit';
import { ApiErrors, DataResponse, PageQuery, UuidParamPipe } from '@poc-tracker/http-service';
import { permissionCatalogue } from './permission.catalogue.js';
import { CreateRoleDto, UpdateRoleDto } from './role.dto.js';
import { PermissionResponse, RolePageResponse, RoleResponse } from './role.response.js';
import { RoleService } from './role.service.js';

@ApiTags('roles')
@Controller('auth')
export class RoleController {
  constructor(private readonly roles: RoleService) {}

  @Get('permissions')
  @Authenticated()
  @ApiOperation({ summary: 'List what people can be allowed to do, and which roles may' })
  @DataResponse(200, PermissionResponse, { isArray: true })
  listPermissions(): PermissionResponse[] {
    return permissionCatalogue();
  }

  @Get('roles')
  @Permissions('manage_roles')
  @ApiOperation({ summary: "List the tenant's own roles, page by page" })
  @DataResponse(200, RolePageResponse)
  list(@CurrentUser() actor: Principal, @Query() query: PageQuery): Promise<RolePageResponse> {
    return this.roles.list(actor, query);
  }

  @Post('roles')
  @Permissions('manage_roles')
  @ApiOperation({ summary: 'Make a role of permissions that you have yourself' })
  @DataResponse(201, RoleResponse)
  @ApiErrors('ROLE_EXISTS')
  create(@CurrentUser() actor: Principal, @Body() input: CreateRoleDto): Promise<RoleResponse> {
    return this.roles.create(actor, input);
  }

  @Get('roles/:roleId')
  @Permissions('manage_roles')
  @ApiOperation({ summary: "Read one of the tenant's own roles" })
  @DataResponse(200, RoleResponse)
  @ApiErrors('NOT_FOUND')
  read(@Param('roleId', UuidParamPipe) roleId: string): Promise<RoleResponse> {
    return this.roles.read(roleId);
  }

  @Patch('roles/:roleId')
  @Permissions('manage_roles')
  @ApiOperation({ summary: 'Change a role, for everybody who has it at once' })
  @DataResponse(200, RoleResponse)
  @ApiErrors('NOT_FOUND', 'ROLE_EXISTS')
  update(
    @CurrentUser() actor: Principal,
    @Param('roleId', UuidParamPipe) roleId: string,
    @Body() changes: UpdateRoleDto,
  ): Promise<RoleResponse> {
    return this.roles.update(actor, roleId, changes);
  }

  @Delete('roles/:roleId')
  @Permissions('manage_roles')
  @ApiOperation({ summary: 'Delete a role that nobody has' })
  @DataResponse(200)
  @ApiErrors('NOT_FOUND', 'ROLE_IN_USE')
  delete(@Param('roleId', UuidParamPipe) roleId: string): Promise<void> {
    return this.roles.delete(roleId);
  }
}
