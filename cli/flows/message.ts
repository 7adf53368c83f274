/**
 * The message of a generated flow, in workflow definition language (Microsoft, "Reference guide to functions in
 * expressions"): text with `@{…}` expressions, which the designer shows as text and fields.
 */
import type { JsonSchema } from '@valibot/to-json-schema';
import type { FlatBody } from '../../lambda/delivery/core/bodies/flat-schema';
import type { FlowSpec } from './flow-spec';

type Field = Exclude<keyof FlatBody, 'trigger'> | 'errorHtml';

/** A string literal; quotation marks are doubled. */
const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;
/** A field of the trigger's body. */
const field = (name: Field): string => `triggerBody()?['${name}']`;
/** HTML-escapes an expression: the language has no function for it. The ampersand must be replaced first. */
const escaped = (expression: string): string =>
  [
    ['&', '&amp;'],
    ['<', '&lt;'],
    ['>', '&gt;'],
    ['"', '&quot;'],
  ].reduce((inner, [from, to]) => `replace(${inner},${literal(from as string)},${literal(to as string)})`, expression);
const inText = (expression: string): string => `@{${expression}}`;
/** The parts, or nothing if the field is empty. */
const ifNotEmpty = (name: Field, ...parts: string[]): string =>
  inText(`if(empty(${field(name)}),'',concat(${parts.join(',')}))`);

/** Whether the body is a test. */
export const IS_TEST = `@${field('isTest')}`;

/** The delivery that the body belongs to. */
export const DELIVERY_ID = `@${field('deliveryId')}`;

/** Message of a reported failure. Names the run, whose history shows the error: an error can contain personal data. */
export const RUN_FAILED = "Run @{workflow()?['run']?['name']} failed. Its run history shows the error.";

/** Title, summary, error, link and, except in mails to them, the owners. Omits fields that the trigger's body lacks. */
export function messageHtml({ action }: FlowSpec, schema: JsonSchema): string {
  return [
    `<p><strong>${inText(escaped(field('title')))}</strong></p>`,
    `<p>${inText(escaped(field('summary')))}</p>`,
    // The field contains escaped HTML.
    schema.properties && 'errorHtml' in schema.properties
      ? ifNotEmpty('errorHtml', literal('<p>'), field('errorHtml'), literal('</p>'))
      : '',
    ifNotEmpty('link', literal('<p><a href="'), escaped(field('link')), literal('">Open the page</a></p>')),
    action === 'teams' ? ifNotEmpty('owners', literal('<p>Owners: '), escaped(field('owners')), literal('</p>')) : '',
  ].join('');
}

/** Subject of an email, plain text. */
export const SUBJECT = `@${field('title')}`;

/** Recipients of an email: the subscription's owners, or `to` for subscriptions without owners. */
export function recipients({ to }: FlowSpec): string {
  if (to.length === 0) return `@${field('owners')}`;
  return `@if(empty(${field('owners')}),${literal(to.join(';'))},${field('owners')})`;
}
