import { expect, it } from 'vitest';
import { Html, html } from '../../../local/page/html';

it('escapes texts in elements and attributes', () => {
  const text = `<a href="x" title='y'>&amp;`;
  expect(html`<p title="${text}">${text}</p>`.text).toBe(
    '<p title="&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;amp;">&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;amp;</p>',
  );
});

it('accepts markup, lists, numbers and missing values', () => {
  expect(html`${html`<b>${1}</b>`}${[html`<i></i>`, '<', [2]]}${undefined}${false}${0}`.text).toBe(
    '<b>1</b><i></i>&lt;20',
  );
});

it('rejects objects that only look like markup', () => {
  const like = JSON.parse('{"text":"<b>"}') as Html;
  expect(() => html`${like}`.text).toThrow();
  expect(like).not.toBeInstanceOf(Html);
});
