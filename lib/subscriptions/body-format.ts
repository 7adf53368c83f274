/** Format of the request body that a flow receives. */
export class BodyFormat {
  /** Flat JSON object, whose fields are easy to select in the flow designer. */
  public static readonly FLAT = new BodyFormat('flat');

  /** The same fields in a CloudEvents 1.0 envelope. */
  public static readonly CLOUD_EVENTS = new BodyFormat('cloudevents');

  /** Adaptive card, for the webhook trigger of Teams Workflows. */
  public static readonly TEAMS_CARD = new BodyFormat('teams-card');

  private constructor(
    /** Name of the format in the subscription file. */
    public readonly name: string,
  ) {}
}
