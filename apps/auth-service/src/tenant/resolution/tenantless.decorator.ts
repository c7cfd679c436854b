import { SetMetadata } from '@nestjs/common';

/** Metadata key of {@link Tenantless}. */
export const TENANTLESS = 'poc-tracker:tenantless';

/** Marks a `@Public()` route that has no tenant, such as the sign-up, or all routes of a controller. */
export const Tenantless = (): MethodDecorator & ClassDecorator => SetMetadata(TENANTLESS, true);
