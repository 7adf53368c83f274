import { expect, it } from 'vitest';
import { fillInputTemplate } from '../../../local/bus/input-template';

const event = { detail: { text: 'a "b" \\ $&', number: 5, map: { a: [1] }, nothing: null } } as never;
const paths = {
  text: '$.detail.text',
  number: '$.detail.number',
  map: '$.detail.map',
  'no-path': '$.detail.other.deep',
  under: '$.detail.nothing.deep',
};

it.each([
  ['{"a":<text>}', { a: 'a "b" \\ $&' }],
  ['{"a":"say <text>, \\"<number>\\""}', { a: 'say a "b" \\ $&, "5"' }],
  ['{"a":<number>,"b":<map>}', { a: 5, b: { a: [1] } }],
  ['{"a":"<no-path><under>"}', { a: '' }],
  ['{"a":<aws.events.event.json>}', { a: event }],
])('the template %s', (template, expected) => {
  expect(JSON.parse(fillInputTemplate({ template, paths }, event))).toEqual(expected);
});

it('a variable that is missing in the event becomes empty outside strings, like on AWS', () => {
  expect(fillInputTemplate({ template: '{"a":<no-path>}', paths }, event)).toBe('{"a":}');
});
