import { createHash } from 'node:crypto';
import type { FlowResponse } from '../../../lambda/delivery/core/response';
import { identityHash } from '../../../lambda/shared/core/identity';
import type { FieldValues, Trigger } from '../../../local/power-automate/model';
import { callbackUrl } from '../../support/memory/memory-api';
import { SimulatedFlow } from '../flows';

/** Id of a workflow, as callbacks have it. */
export const workflowId = (workflow: number): string => workflow.toString(16).padStart(32, '0');

/** The subscription of a workflow. */
const nameOf = (workflow: number): string =>
  `flow-${identityHash(new URL(callbackUrl()).hostname, workflowId(workflow), 'When')}`;

/** The part of a `Location` that authorizes its DELETE, as the Subscriptions table stores it. */
export const hashOfLocation = (location: string): string =>
  createHash('sha256')
    .update(location.split('.').at(-1) ?? '')
    .digest('hex');

/** A flow with a trigger of the custom connector. Each saved version has a callback of its own. */
export class RegisteredFlow extends SimulatedFlow {
  version = 0;
  isOn = false;
  /** `Location` of the newest registration. Undefined: none of the requests for the newest version was answered. */
  location: string | undefined;
  /** A proxy repeated the newest request, so that another registration than `location` can be the current one. */
  isDoubled = false;
  /** When the DELETE of `location` was answered while the flow was off, epoch milliseconds. */
  endedAt: number | undefined;
  values: FieldValues = {};
  /** A save, or another change, is in progress. */
  isChanging = false;

  constructor(
    readonly workflow: number,
    readonly trigger: Trigger,
    /** Called when a flow that is off, or an old version of it, is called. */
    private readonly onRefusal: (flow: RegisteredFlow, url: string) => void,
    name = nameOf(workflow),
  ) {
    super(name);
  }

  override get url(): string {
    return this.urlOf(this.version);
  }

  /** The version whose callback a URL is. Undefined: of none. */
  versionOf(url: string): number | undefined {
    for (let version = this.version; version > 0; version--) if (this.urlOf(version) === url) return version;
    return undefined;
  }

  /** An old version responds with 404, and a flow that is off with 400 (docs/delivery.md). */
  override refusal(url: string): FlowResponse | undefined {
    const refusal = !this.isOn
      ? { status: 400, error: 'WorkflowTriggerIsNotEnabled' }
      : url === this.url
        ? undefined
        : { status: 404 };
    if (refusal) this.onRefusal(this, url);
    return refusal;
  }

  private urlOf(version: number): string {
    return new URL(callbackUrl({ workflow: this.workflow, version })).href;
  }
}
