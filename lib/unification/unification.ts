import { type Stack, Token } from 'aws-cdk-lib';
import type * as events from 'aws-cdk-lib/aws-events';
import type { PolledJobs } from '../../contract/unification';
import type { ReadingPolicy } from '../shared/allow-reading';

/** Jobs that unify customers' data, and of whose end AWS puts no event. */
export class Unification {
  /**
   * The matching jobs of a workflow of AWS Entity Resolution: the stage `match`.
   *
   * @param workflowName the matching workflow's name
   */
  public static fromEntityResolution(workflowName: string): Unification {
    validate('workflowName', workflowName);
    if (!Token.isUnresolved(workflowName) && !WORKFLOW_NAME.test(workflowName)) {
      throw new Error(`workflowName is '${workflowName}': write 1 to 255 letters, digits, - and _`);
    }
    const jobs: PolledJobs = { service: 'entity-resolution', workflow: workflowName };
    return new Unification(
      jobs,
      (policy, stack) =>
        policy.allowEach(
          ['entityresolution:ListMatchingJobs', 'entityresolution:GetMatchingJob'],
          [stack.formatArn({ service: 'entityresolution', resource: 'matchingworkflow', resourceName: workflowName })],
        ),
      {
        source: ['aws.entityresolution'],
        // Amazon EventBridge user guide, "AWS service events delivered via AWS CloudTrail".
        detailType: ['AWS API Call via CloudTrail'],
        detail: {
          eventSource: ['entityresolution.amazonaws.com'],
          eventName: ['StartMatchingJob'],
          requestParameters: { workflowName: [workflowName] },
          // A call that was refused starts nothing.
          errorCode: [{ exists: false }],
        },
      },
    );
  }

  /**
   * The identity resolution jobs of a domain of Amazon Connect Customer Profiles: the stages `match` and `merge`.
   *
   * @param domainName the domain's name
   */
  public static fromCustomerProfiles(domainName: string): Unification {
    validate('domainName', domainName);
    return new Unification({ service: 'identity-resolution', domain: domainName }, (policy, stack) =>
      policy.allow(
        'profile:ListIdentityResolutionJobs',
        stack.formatArn({ service: 'profile', resource: 'domains', resourceName: domainName }),
      ),
    );
  }

  /** @internal */
  public readonly _jobs: PolledJobs;

  private constructor(
    jobs: PolledJobs,
    private readonly allow: (policy: ReadingPolicy, stack: Stack) => void,
    private readonly starts?: events.EventPattern,
  ) {
    this._jobs = jobs;
  }

  /** @internal */
  public _allowReading(policy: ReadingPolicy, stack: Stack): void {
    this.allow(policy, stack);
  }

  /**
   * Which events tell that such a job was started.
   * @internal
   */
  public get _starts(): events.EventPattern {
    if (this.starts) return this.starts;
    throw new Error(
      'whenStarted: identity resolution jobs of Customer Profiles start by themselves, when their domain says, and no call ' +
        'tells of it: leave whenStarted out, and look for them on a schedule',
    );
  }
}

/** AWS Entity Resolution API reference, StartMatchingJob. */
const WORKFLOW_NAME = /^[a-zA-Z_0-9-]{1,255}$/;

function validate(name: string, text: string): void {
  if (text.trim() === '') throw new Error(`${name} is empty: write it`);
}
