import { type Stack, Token } from 'aws-cdk-lib';
import type * as events from 'aws-cdk-lib/aws-events';
import type { PolledJobs } from '../../contract/unification';
import type { ReadingPolicy } from '../shared/allow-reading';
import { validateNotBlank } from '../shared/validate';

/** Jobs that unify customer data, and for which AWS emits no completion events. */
export class Unification {
  /**
   * Matching jobs of an AWS Entity Resolution workflow. They are the stage `match`.
   *
   * @param workflowName name of the matching workflow
   */
  public static fromEntityResolution(workflowName: string): Unification {
    validateNotBlank('workflowName', workflowName);
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
          // Failed calls start no job.
          errorCode: [{ exists: false }],
        },
      },
    );
  }

  /**
   * Identity resolution jobs of an Amazon Connect Customer Profiles domain. They are the stages `match` and `merge`.
   *
   * @param domainName name of the domain
   */
  public static fromCustomerProfiles(domainName: string): Unification {
    validateNotBlank('domainName', domainName);
    return new Unification({ service: 'identity-resolution', domain: domainName }, (policy, stack) =>
      policy.allow(
        'profile:ListIdentityResolutionJobs',
        stack.formatArn({ service: 'profile', resource: 'domains', resourceName: domainName }),
      ),
    );
  }

  private constructor(
    /** @internal */
    public readonly _jobs: PolledJobs,
    /** @internal */
    public readonly _allowReading: (policy: ReadingPolicy, stack: Stack) => void,
    private readonly starts?: events.EventPattern,
  ) {}

  /**
   * Pattern of the events that report the start of a job.
   * @internal
   */
  public get _starts(): events.EventPattern {
    if (this.starts) return this.starts;
    throw new Error(
      'whenStarted: identity resolution jobs of Customer Profiles start on the schedule of their domain, without an API call ' +
        'that CloudTrail records: leave whenStarted out, and use schedule',
    );
  }
}

/** AWS Entity Resolution API reference, StartMatchingJob. */
const WORKFLOW_NAME = /^[a-zA-Z_0-9-]{1,255}$/;
