import type { TenantSnapshot } from '@poc-tracker/contracts';
import { Injectable } from '@nestjs/common';
import { SecurityEvents } from '../../audit/security-events.js';
import { Clock } from '../../session/clock.js';
import type { Device, DeviceInfo } from '../../session/device.decorator.js';
import { SessionService } from '../../session/session.service.js';
import type { LoginResponse } from './login.response.js';
import { type NewUser, UserService } from '../../user/user.service.js';

/** The last step of every way in, within the transaction of the caller: a person, known or new, gets a session. */
@Injectable()
export class SignInService {
  constructor(
    private readonly users: UserService,
    private readonly sessions: SessionService,
    private readonly clock: Clock,
    private readonly events: SecurityEvents,
  ) {}

  /**
   * Writes a new person and lets them in.
   * @throws the database's refusal of a taken address or of one seat too many.
   */
  async enrol(tenant: TenantSnapshot, user: NewUser, device: Device): Promise<LoginResponse> {
    await this.users.create(user);
    return this.admit(tenant, user.id, device);
  }

  /** Counts and records a log-in, the first one included, and opens a session for it. */
  async admit(
    tenant: TenantSnapshot,
    userId: string,
    device: Device,
    info: DeviceInfo = {},
  ): Promise<LoginResponse> {
    await this.users.recordLogin(userId, this.clock.now());
    const user = await this.users.profile(userId);
    const target = { type: 'user', id: userId };
    await this.events.record({ type: 'login.succeeded', result: 'success', target });
    const tokens = await this.sessions.open({ ...user, tenant }, device, info);
    return { user, tokens };
  }
}
