import { CONNECTOR_ACTIONS, type ConnectorActionId } from '../../contract/custom-connector';

/** An optional action of the custom connector. Flows can always register themselves and read lists. */
export class ConnectorAction {
  /**
   * Flows read the refreshes of data sources, the values of segments and measures, the status report, and the deliveries of
   * their own author.
   */
  public static readonly READ = new ConnectorAction('read');

  /** Flow authors send test events to their own flows. */
  public static readonly TEST = new ConnectorAction('test');

  /** Flow authors send the dead and held deliveries of their own flows again. */
  public static readonly REPLAY = new ConnectorAction('replay');

  /** Flows report whether they finished: with an action, or with the link in the request body. */
  public static readonly REPORT_OUTCOMES = new ConnectorAction('report-outcomes');

  /**
   * Flows report refreshes and observations, which start other flows. Everyone who can sign in can then report about every data
   * source, segment and measure.
   */
  public static readonly REPORT_EVENTS = new ConnectorAction('report-events');

  private constructor(
    /** @internal */
    public readonly _id: ConnectorActionId,
  ) {}
}

/** Actions of an API by default: those that change nothing but the caller's own flows. */
const DEFAULT_ACTIONS = [ConnectorAction.READ, ConnectorAction.TEST, ConnectorAction.REPORT_OUTCOMES];

/**
 * Ids of the actions, in a fixed order.
 * @throws Error if the list has an action twice.
 */
export function actionIds(actions: ConnectorAction[] = DEFAULT_ACTIONS): ConnectorActionId[] {
  const ids = actions.map(({ _id }) => _id);
  const twice = actions.find(({ _id }, index) => ids.indexOf(_id) !== index);
  if (twice) throw new Error(`actions has the action '${twice._id}' twice: write it once`);
  return CONNECTOR_ACTIONS.filter((id) => ids.includes(id));
}
