import { Names, Token } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { DEFAULT_EVENT_SOURCE } from '../../contract/shared';
import type { EventOptions } from './options';

const CONNECTOR_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/**
 * Identity of a connector, or of one of its constructs that is used alone: from the props, or the defaults.
 * @throws Error for an invalid ID or event source.
 */
export function identityOf(scope: Construct, props: EventOptions): Required<EventOptions> {
  const connectorId = props.connectorId ?? Names.uniqueResourceName(scope, { maxLength: 64, separator: '-' });
  validateConnectorId(connectorId);
  return { connectorId, eventSource: eventSourceOf(props) };
}

/** @throws Error for an invalid event source. */
export function eventSourceOf({ eventSource = DEFAULT_EVENT_SOURCE }: Pick<EventOptions, 'eventSource'>): string {
  validateEventSource(eventSource);
  return eventSource;
}

function validateConnectorId(connectorId: string): void {
  if (Token.isUnresolved(connectorId) || CONNECTOR_ID.test(connectorId)) return;
  throw new Error(
    `connectorId is '${connectorId}': write 1 to 64 letters, digits, dots, hyphens or underscores, and start with a letter or digit`,
  );
}

function validateEventSource(eventSource: string): void {
  if (Token.isUnresolved(eventSource)) return;
  if (eventSource.length < 1 || eventSource.length > 256) {
    throw new Error(`eventSource has ${eventSource.length} characters: write 1 to 256`);
  }
  // Amazon EventBridge, PutEvents: entries whose source starts with "aws." are refused.
  if (eventSource.startsWith('aws.')) {
    throw new Error(
      `eventSource is '${eventSource}': EventBridge reserves 'aws.' for AWS services, write another name`,
    );
  }
}
