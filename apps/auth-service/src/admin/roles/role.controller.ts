import { Body, Controller, Delete, Get, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Authenticated, CurrentUser, Permissions, type Principal } from '@poc-tracker/auth-kit';
import { ApiErrors, DataResponse, PageQuery, UuidParamPipe } from '@poc-tracker/http-service';
import { permissionCatalogue } from './permission.catalogue.js';
import { CreateRoleDto, UpdateRoleDto } from './role.dto.js';
import { PermissionPageResponse, RolePageResponse, RoleResponse } from './role.response.js';
import { RoleService } from './role.service.js';

@ApiTags('roles')
@Controller('auth')
export class RoleController {
  constructor(private readonly roles: RoleService) {}

  @Get('permissions')
  @Authenticated()
  @ApiOperation({ summary: 'List permissions and the roles that have them' })
  @DataResponse(200, PermissionPageResponse)
  listPermissions(): PermissionPageResponse {
    return permissionCatalogue();
  }

  @Get('roles')
  @Permissions('manage_roles')
  @ApiOperation({ summary: 'List custom roles' })
  @DataResponse(200, RolePageResponse)
  listRoles(
    @CurrentUser() principal: Principal,
    @Query() query: PageQuery,
  ): Promise<RolePageResponse> {
    return this.roles.list(principal, query);
  }

  @Post('roles')
  @Permissions('manage_roles')
  @ApiOperation({
    summary: 'Create a custom role',
    description: 'The role may only contain permissions that you have.',
  })
  @DataResponse(201, RoleResponse)
  @ApiErrors('ROLE_EXISTS')
  createRole(
    @CurrentUser() principal: Principal,
    @Body() input: CreateRoleDto,
  ): Promise<RoleResponse> {
    return this.roles.create(principal, input);
  }

  @Get('roles/:roleId')
  @Permissions('manage_roles')
  @ApiOperation({ summary: 'Get a custom role' })
  @DataResponse(200, RoleResponse)
  @ApiErrors('NOT_FOUND')
  getRole(@Param('roleId', UuidParamPipe) roleId: string): Promise<RoleResponse> {
    return this.roles.get(roleId);
  }

  @Patch('roles/:roleId')
  @Permissions('manage_roles')
  @ApiOperation({
    summary: 'Update a custom role',
    description: 'Takes effect at the next request of each user who has the role.',
  })
  @DataResponse(200, RoleResponse)
  @ApiErrors('NOT_FOUND', 'ROLE_EXISTS')
  updateRole(
    @CurrentUser() principal: Principal,
    @Param('roleId', UuidParamPipe) roleId: string,
    @Body() changes: UpdateRoleDto,
  ): Promise<RoleResponse> {
    return this.roles.update(principal, roleId, changes);
  }

  @Delete('roles/:roleId')
  @Permissions('manage_roles')
  @ApiOperation({
    summary: 'Delete a custom role',
    description: 'Returns ROLE_IN_USE if a user has the role.',
  })
  @DataResponse(200)
  @ApiErrors('NOT_FOUND', 'ROLE_IN_USE')
  deleteRole(@Param('roleId', UuidParamPipe) roleId: string): Promise<void> {
    return this.roles.delete(roleId);
  }
}
