import * as events from 'aws-cdk-lib/aws-events';

/** What a rule's target gets, as EventBridge's own template: CDK's helpers know no variable for the whole event. */
export class InputTemplate extends events.RuleTargetInput {
  /** @param inputPathsMap JSON paths into the event, by the name of the template's variable */
  constructor(
    private readonly inputTemplate: string,
    private readonly inputPathsMap?: Readonly<Record<string, string>>,
  ) {
    super();
  }

  bind(): events.RuleTargetInputProperties {
    return { inputTemplate: this.inputTemplate, inputPathsMap: this.inputPathsMap };
  }
}
