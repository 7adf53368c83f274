import { describe, expect, it } from 'vitest';
import { Documents } from '../../../../local/page/designer/documents';

const html = (n: number) => `<p>Report ${n}</p>`;

describe('the HTML documents of results', () => {
  it('are the texts that are HTML, at any place of a body', () => {
    const documents = new Documents();
    const texts = ['<!DOCTYPE html><html></html>', ' <table></table>', '<h2>A</h2>'];
    const found = documents.add({ a: texts[0], list: [{ b: texts[1] }, { c: texts[2] }], n: 1, none: null });
    expect([...found.keys()]).toEqual(texts);
    for (const [text, path] of found) expect(documents.find(path)).toBe(text);
    expect(new Set(found.values()).size).toBe(3);
  });

  it.each(['', 'text', 'a < b', '<script>alert(1)</script>', '<VIP>', 5, undefined, null])(
    'do not include %j',
    (value) => {
      expect([...new Documents().add({ value })]).toEqual([]);
    },
  );

  it('have the same path each time, and the newest twenty are kept', () => {
    const documents = new Documents();
    const pathOf = (n: number) => documents.add(html(n)).get(html(n)) ?? '';
    const first = pathOf(0);
    for (let n = 1; n < 20; n++) pathOf(n);
    expect([documents.find(first), pathOf(0)]).toEqual([html(0), first]);
    // The first one is now the newest.
    const second = pathOf(20);
    expect([documents.find(first), documents.find(second)]).toEqual([html(0), html(20)]);
    for (let n = 21; n < 41; n++) pathOf(n);
    expect([documents.find(first), documents.find(second)]).toEqual([undefined, undefined]);
  });
});
