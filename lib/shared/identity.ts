import { Names } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { DEFAULT_EVENT_SOURCE } from '../../contract/shared';
import type { EventOptions } from './options';
import { validateConnectorId, validateEventSource } from './validate';

/**
 * How a connector, or a part of one by itself, is known on its bus: as the props say, or by default.
 * @throws Error for an id or a source that cannot be.
 */
export function identityOf(scope: Construct, props: EventOptions): Required<EventOptions> {
  const connectorId = props.connectorId ?? Names.uniqueResourceName(scope, { maxLength: 64, separator: '-' });
  const eventSource = props.eventSource ?? DEFAULT_EVENT_SOURCE;
  validateConnectorId(connectorId);
  validateEventSource(eventSource);
  return { connectorId, eventSource };
}
