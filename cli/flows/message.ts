/**
 * The message of a ready-made flow, in the language of workflow definitions (Microsoft, "Reference guide to functions in
 * expressions"): texts with `@{…}` in them, which the flow's designer shows as text and fields.
 */
import type { JsonSchema } from '@valibot/to-json-schema';
import type { FlatBody } from '../../lambda/delivery/core/bodies/flat-schema';
import type { FlowWish } from './wish';

type Field = Exclude<keyof FlatBody, 'trigger'> | 'errorHtml';

/** A text as an expression; a quotation mark is doubled. */
const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;
/** A field of the body that started the flow. */
const field = (name: Field): string => `triggerBody()?['${name}']`;
/** There is no function that escapes; the ampersand goes first, or it would escape what the others have made. */
const escaped = (expression: string): string =>
  [
    ['&', '&amp;'],
    ['<', '&lt;'],
    ['>', '&gt;'],
    ['"', '&quot;'],
  ].reduce((inner, [from, to]) => `replace(${inner},${literal(from as string)},${literal(to as string)})`, expression);
const inText = (expression: string): string => `@{${expression}}`;
/** What stands there only if the field is not empty. */
const ifAny = (name: Field, ...parts: string[]): string =>
  inText(`if(empty(${field(name)}),'',concat(${parts.join(',')}))`);

/** Whether the run was started by a body that was sent to try the flow out. */
export const IS_TEST = `@${field('isTest')}`;

/** Title, summary, error, link and, where they are not who gets it, the owners. Only what the trigger's body has. */
export function messageHtml({ by }: FlowWish, schema: JsonSchema): string {
  return [
    `<p><strong>${inText(escaped(field('title')))}</strong></p>`,
    `<p>${inText(escaped(field('summary')))}</p>`,
    // Escaped already.
    schema.properties && 'errorHtml' in schema.properties
      ? ifAny('errorHtml', literal('<p>'), field('errorHtml'), literal('</p>'))
      : '',
    ifAny('link', literal('<p><a href="'), escaped(field('link')), literal('">Open the page</a></p>')),
    by === 'teams' ? ifAny('owners', literal('<p>Owners: '), escaped(field('owners')), literal('</p>')) : '',
  ].join('');
}

/** The line above an e-mail; plain text. */
export const SUBJECT = `@${field('title')}`;

/** Who gets an e-mail: the subscription's owners, or those who were named for subscriptions that have none. */
export function recipients({ to }: FlowWish): string {
  if (to.length === 0) return `@${field('owners')}`;
  return `@if(empty(${field('owners')}),${literal(to.join(';'))},${field('owners')})`;
}
