import * as events from 'aws-cdk-lib/aws-events';

/** What a rule's target gets, as EventBridge's own template: CDK's helpers know no variable for the whole event. */
export class InputTemplate extends events.RuleTargetInput {
  constructor(private readonly inputTemplate: string) {
    super();
  }

  bind(): events.RuleTargetInputProperties {
    return { inputTemplate: this.inputTemplate };
  }
}
