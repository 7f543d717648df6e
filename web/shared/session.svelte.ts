import { ApiError, api, sentence, whenExpired } from './api';
import type { Staff } from './types';

type Status = 'starting' | 'out' | 'in' | 'expired' | 'unreachable';

/** Who is signed in. The session itself is a cookie that scripts cannot read. */
class Session {
  status = $state<Status>('starting');
  staff = $state<Staff | null>(null);

  constructor() {
    whenExpired(() => this.expire());
  }

  /** Asks the server, after a load of the page, whether the cookie still holds. */
  async start(): Promise<void> {
    this.status = 'starting';
    try {
      this.enter(await api.me());
    } catch (error) {
      this.status = error instanceof ApiError && error.status === 401 ? 'out' : 'unreachable';
    }
  }

  /** Returns why it failed, or null. */
  async login(user: string, password: string): Promise<string | null> {
    try {
      this.enter(await api.login(user, password));
      return null;
    } catch (error) {
      return sentence(error);
    }
  }

  async logout(): Promise<void> {
    try {
      await api.logout();
    } finally {
      this.staff = null;
      this.status = 'out';
    }
  }

  /** The login page takes the place of whatever was shown; the address stays. */
  expire(): void {
    if (this.status === 'in') this.status = 'expired';
    this.staff = null;
  }

  has(...roles: string[]): boolean {
    return this.staff?.roles.some((role) => roles.includes(role)) ?? false;
  }

  /** Whether the queue is theirs: administrators and auditors have no part in cases. */
  get reviews(): boolean {
    return this.has('reviewer', 'senior_reviewer', 'child_safety');
  }

  get seesWebhooks(): boolean {
    return this.has('tenant_admin', 'senior_reviewer');
  }

  private enter(staff: Staff): void {
    this.staff = staff;
    this.status = 'in';
  }
}

export const session = new Session();
