import { SetMetadata } from '@nestjs/common';

/** Metadata key of {@link Tenantless}. */
export const TENANTLESS = 'poc-tracker:tenantless';

/**
 * A `@Public()` route that is for no tenant, such as the one that makes tenants: none is looked
 * for.
 */
export const Tenantless = (): MethodDecorator => SetMetadata(TENANTLESS, true);
