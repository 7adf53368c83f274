/** The body that a flow receives. */
export class BodyFormat {
  /** Fields that are easy to pick in the flow designer. */
  public static readonly FLAT = new BodyFormat('flat');

  /** The same fields in a CloudEvents 1.0 envelope. */
  public static readonly CLOUD_EVENTS = new BodyFormat('cloudevents');

  /** An adaptive card, which the webhook of Teams Workflows posts. */
  public static readonly TEAMS_CARD = new BodyFormat('teams-card');

  private constructor(
    /** The format's name, as in the subscription file. */
    public readonly name: string,
  ) {}
}
