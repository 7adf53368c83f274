import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { PowerAutomateConnector, type PowerAutomateConnectorProps } from '../../lib';

export interface Resource {
  readonly Type: string;
  // biome-ignore lint/suspicious/noExplicitAny: a template is what it is
  readonly Properties: any;
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
}

/** A stack of one connector. Without the context that a test asks for, no feature flag is set. */
export function connectorStack(props?: PowerAutomateConnectorProps, context?: Record<string, unknown>) {
  const stack = new Stack(new App({ context }), 'Stack');
  return { stack, connector: new PowerAutomateConnector(stack, 'Connector', props) };
}

export function connectorTemplate(props?: PowerAutomateConnectorProps, context?: Record<string, unknown>): Template {
  return Template.fromStack(connectorStack(props, context).stack);
}

/** The resources of a type, by their logical ids without CDK's hash. */
export function resources(template: Template, type: string): Record<string, Resource> {
  const found = Object.entries(template.findResources(type));
  return Object.fromEntries(found.map(([id, resource]) => [readable(id), resource as Resource]));
}

/** A logical id without CDK's hash and without the connector's own. */
export const readable = (logicalId: string): string => logicalId.replace(/[0-9A-F]{8}$/, '').replace(/^Connector/, '');

/** What a reference in a template refers to: readable logical ids in place of the intrinsics. */
// biome-ignore lint/suspicious/noExplicitAny: a template is what it is
export function referred(value: any): any {
  if (Array.isArray(value)) return value.map(referred);
  if (typeof value !== 'object' || value === null) return value;
  if (typeof value.Ref === 'string') return readable(value.Ref);
  if (value['Fn::GetAtt']) return readable(value['Fn::GetAtt'][0]);
  if (value['Fn::Join']) return value['Fn::Join'][1].map(referred).join(value['Fn::Join'][0]);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, referred(inner)]));
}

export const list = <T>(value: T | T[]): T[] => (Array.isArray(value) ? value : [value]);
