import { randomBytes } from 'node:crypto';
import { type OutcomePorts, reportOutcomeByLink } from '../../lambda/custom-connector/core/outcomes/report-outcome';
import type { ReportedOutcome } from '../../lambda/delivery/core/outcomes/outcome';
import { type OutcomeLink, outcomeLink } from '../../lambda/delivery/core/outcomes/outcome-link';
import type { DeliveryKey } from '../../lambda/delivery/core/ports';

export const LINK_BASE = 'https://abc123.execute-api.eu-central-1.amazonaws.com/v1/outcomes';

/** A link like those of the handler. */
export const newOutcomeLink = (key: DeliveryKey): OutcomeLink =>
  outcomeLink(LINK_BASE, key, randomBytes(16).toString('base64url'));

/** Posts a report to a link. Returns the status of the response. */
export async function reportByLink(
  url: string,
  outcome: ReportedOutcome,
  ports: OutcomePorts,
  message?: string,
): Promise<number> {
  const body = Buffer.from(JSON.stringify({ outcome, message }));
  const parameters = { link: url.slice(LINK_BASE.length + 1) };
  return (await reportOutcomeByLink({ route: '', query: {}, headers: {}, origin: '', parameters, body }, ports)).status;
}
