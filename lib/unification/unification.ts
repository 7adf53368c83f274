import type { Stack } from 'aws-cdk-lib';
import type { ReadingPolicy } from '../private/allow-reading';
import type { PolledJobs } from '../private/contract';

/** Jobs that unify customers' data, and of whose end AWS puts no event. */
export class Unification {
  /**
   * The matching jobs of a workflow of AWS Entity Resolution: the stage `match`.
   *
   * @param workflowName the matching workflow's name
   */
  public static fromEntityResolution(workflowName: string): Unification {
    validate('workflowName', workflowName);
    return new Unification({ service: 'entity-resolution', workflow: workflowName }, (policy, stack) =>
      policy.allowEach(
        ['entityresolution:ListMatchingJobs', 'entityresolution:GetMatchingJob'],
        [stack.formatArn({ service: 'entityresolution', resource: 'matchingworkflow', resourceName: workflowName })],
      ),
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
  ) {
    this._jobs = jobs;
  }

  /** @internal */
  public _allowReading(policy: ReadingPolicy, stack: Stack): void {
    this.allow(policy, stack);
  }
}

function validate(name: string, text: string): void {
  if (text.trim() === '') throw new Error(`${name} is empty: write it`);
}
