import { describe, expect, it } from 'vitest';
import { checkPattern, type EventPattern, matches } from '../../../local/bus/pattern';

type Case = readonly [name: string, pattern: EventPattern, event: object, expected: boolean];

const cases: Case[] = [
  ['exact string', { a: ['x', 'y'] }, { a: 'y' }, true],
  ['exact string, other case', { a: ['x'] }, { a: 'X' }, false],
  ['string is not a number', { a: ['300'] }, { a: 300 }, false],
  ['number however it was written', { a: [300] }, JSON.parse('{"a":3.0e2}'), true],
  ['null is a value', { a: [null] }, { a: null }, true],
  ['null is not absent', { a: [null] }, {}, false],
  ['empty string', { a: [''] }, { a: '' }, true],
  ['boolean', { a: [true] }, { a: true }, true],
  ['all fields must match', { a: ['x'], b: ['y'] }, { a: 'x', b: 'z' }, false],
  ['nested', { a: { b: ['x'] } }, { a: { b: 'x' } }, true],
  ['nested, parent is a leaf', { a: { b: ['x'] } }, { a: 'x' }, false],
  ['any element of a list', { a: ['y'] }, { a: ['x', 'y'] }, true],

  ['exists on a leaf', { a: [{ exists: true }] }, { a: 0 }, true],
  ['exists on null', { a: [{ exists: true }] }, { a: null }, true],
  ['exists on an object', { a: [{ exists: true }] }, { a: { b: 1 } }, false],
  ['exists on nothing', { a: [{ exists: true }] }, {}, false],
  ['not exists', { a: [{ exists: false }] }, { b: 1 }, true],
  ['not exists, it does', { a: [{ exists: false }] }, { a: 1 }, false],
  ['not exists, nested, parent absent', { a: { b: [{ exists: false }] } }, { c: 1 }, true],
  ['not exists, nested, parent there', { a: { b: [{ exists: false }] } }, { a: { c: 1 } }, true],
  ['not exists or a value: absent', { a: [{ exists: false }, 'x'] }, {}, true],
  ['not exists or a value: another value', { a: [{ exists: false }, 'x'] }, { a: 'y' }, false],
  ['not exists in any element', { a: { x: [{ exists: false }] } }, { a: [{ x: 1 }, { y: 2 }] }, false],

  ['prefix', { a: [{ prefix: 'ab' }] }, { a: 'abc' }, true],
  ['prefix, no', { a: [{ prefix: 'ab' }] }, { a: 'cab' }, false],
  ['prefix, other case', { a: [{ prefix: { 'equals-ignore-case': 'AB' } }] }, { a: 'abc' }, true],
  ['suffix', { a: [{ suffix: 'bc' }] }, { a: 'abc' }, true],
  ['suffix, no', { a: [{ suffix: 'bc' }] }, { a: 'bca' }, false],
  ['suffix, other case', { a: [{ suffix: { 'equals-ignore-case': 'BC' } }] }, { a: 'abc' }, true],
  ['equals-ignore-case', { a: [{ 'equals-ignore-case': 'ABC' }] }, { a: 'abC' }, true],
  ['equals-ignore-case, longer', { a: [{ 'equals-ignore-case': 'ABC' }] }, { a: 'abcd' }, false],
  ['wildcard', { a: [{ wildcard: 'x*z' }] }, { a: 'x\nyz' }, true],
  ['wildcard matches nothing too', { a: [{ wildcard: 'x*' }] }, { a: 'x' }, true],
  ['wildcard, whole string', { a: [{ wildcard: 'x*z' }] }, { a: 'axz' }, false],
  ['wildcard, escaped star', { a: [{ wildcard: 'x\\*' }] }, { a: 'x*' }, true],
  ['wildcard, escaped star is not a wildcard', { a: [{ wildcard: 'x\\*' }] }, { a: 'xy' }, false],
  ['wildcard, other characters match themselves', { a: [{ wildcard: 'a.c*' }] }, { a: 'abc' }, false],

  ['anything-but', { a: [{ 'anything-but': 'x' }] }, { a: 'y' }, true],
  ['anything-but, same value', { a: [{ 'anything-but': 'x' }] }, { a: 'x' }, false],
  ['anything-but, absent', { a: [{ 'anything-but': 'x' }] }, {}, false],
  ['anything-but a list', { a: [{ 'anything-but': ['x', 'y'] }] }, { a: 'y' }, false],
  ['anything-but numbers', { a: [{ 'anything-but': [1, 2] }] }, { a: 3 }, true],
  ['anything-but a list, list with another value', { a: [{ 'anything-but': ['x', 'y'] }] }, { a: ['x', 'z'] }, true],
  ['anything-but prefix', { a: [{ 'anything-but': { prefix: 'x' } }] }, { a: 'xy' }, false],
  ['anything-but prefixes', { a: [{ 'anything-but': { prefix: ['x', 'y'] } }] }, { a: 'za' }, true],
  ['anything-but suffix', { a: [{ 'anything-but': { suffix: 'y' } }] }, { a: 'xy' }, false],
  [
    'anything-but suffix, other case',
    { a: [{ 'anything-but': { suffix: { 'equals-ignore-case': 'Y' } } }] },
    { a: 'xy' },
    false,
  ],
  ['anything-but, other case', { a: [{ 'anything-but': { 'equals-ignore-case': ['X', 'Y'] } }] }, { a: 'y' }, false],
  ['anything-but wildcard', { a: [{ 'anything-but': { wildcard: '*b*' } }] }, { a: 'abc' }, false],

  ['numeric', { a: [{ numeric: ['>', 5] }] }, { a: 5.1 }, true],
  ['numeric, bound', { a: [{ numeric: ['>', 5] }] }, { a: 5 }, false],
  ['numeric range', { a: [{ numeric: ['>=', 0, '<', 10] }] }, { a: 0 }, true],
  ['numeric range, upper bound', { a: [{ numeric: ['>=', 0, '<', 10] }] }, { a: 10 }, false],
  ['numeric equality', { a: [{ numeric: ['=', 3] }] }, { a: 3 }, true],
  ['numeric on a string', { a: [{ numeric: ['=', 3] }] }, { a: '3' }, false],

  ['cidr', { a: [{ cidr: '10.0.0.0/24' }] }, { a: '10.0.0.200' }, true],
  ['cidr, outside', { a: [{ cidr: '10.0.0.0/24' }] }, { a: '10.0.1.1' }, false],
  ['cidr, IPv6', { a: [{ cidr: '2001:db8::/32' }] }, { a: '2001:db8::1' }, true],
  ['cidr, no address', { a: [{ cidr: '10.0.0.0/24' }] }, { a: 'x' }, false],

  ['$or', { $or: [{ a: ['x'] }, { b: ['y'] }] }, { b: 'y' }, true],
  ['$or, neither', { $or: [{ a: ['x'] }, { b: ['y'] }] }, { a: 'y' }, false],
  ['$or beside a field', { c: ['z'], $or: [{ a: ['x'] }, { b: ['y'] }] }, { a: 'x' }, false],
  ['$or inside', { d: { $or: [{ a: ['x'] }, { b: [{ exists: false }] }] } }, { d: { c: 1 } }, true],
  ['$or in $or', { $or: [{ a: ['x'] }, { $or: [{ b: ['y'] }, { c: ['z'] }] }] }, { c: 'z' }, true],

  ['same element', { l: { a: ['x'], b: ['y'] } }, { l: [{ a: 'x', b: 'y' }] }, true],
  ['different elements', { l: { a: ['x'], b: ['y'] } }, { l: [{ a: 'x' }, { b: 'y' }] }, false],
  ['different lists', { l: { a: ['x'] }, m: { b: ['y'] } }, { l: [{ a: 'x' }], m: [{}, { b: 'y' }] }, true],
  [
    'same element of a list in a list',
    { l: { m: { a: ['x'], b: ['y'] } } },
    { l: [{ m: [{ a: 'x' }, { b: 'y' }] }, { m: [{ a: 'x', b: 'y' }] }] },
    true,
  ],
];

describe('matches', () => {
  it.each(cases)('%s', (_name, pattern, event, expected) => {
    expect(matches(pattern, event)).toBe(expected);
  });
});

describe('checkPattern', () => {
  it.each<readonly [EventPattern, string]>([
    [{}, 'at least one field'],
    [{ a: [] }, 'event pattern at a: an empty list'],
    [{ a: 'x' }, 'event pattern at a: must be an object or a list, not "x"'],
    [{ a: { b: [{ matches: 'x' }] } }, 'event pattern at a.b: unknown operator "matches"'],
    [{ a: [{ prefix: 'x', suffix: 'y' }] }, 'exactly one key'],
    [{ a: [{ prefix: { suffix: 'x' } }] }, 'unknown operator "suffix" in prefix'],
    [{ a: [{ 'anything-but': { numeric: ['>', 1] } }] }, 'unknown operator "numeric" in anything-but'],
    [{ a: [{ 'anything-but': [] }] }, 'empty list'],
    [{ a: [{ wildcard: 'x**' }] }, 'consecutive *'],
    [{ a: [{ wildcard: 'x\\y' }] }, 'escapes neither'],
    [{ a: [{ numeric: ['>', 'x'] }] }, 'numeric requires'],
    [{ a: [{ numeric: ['<', 10, '>', 1] }] }, 'numeric range'],
    [{ a: [{ numeric: ['>', 10, '<', 1] }] }, 'numeric range'],
    [{ a: [{ cidr: '10.0.0.0/33' }] }, 'mask out of range'],
    [{ a: [{ cidr: 'x' }] }, 'is not an address block'],
    [{ a: [{ exists: 'yes' }] }, 'exists requires true or false'],
    [{ $or: [{ a: ['x'] }] }, '$or requires a list of at least two'],
    [{ a: [['x']] }, 'must not contain a list'],
  ])('rejects %j', (pattern, message) => {
    expect(() => checkPattern(pattern)).toThrow(message);
  });
});
