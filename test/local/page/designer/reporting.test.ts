import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DesignerRoute } from '../../../../local/page/routes';
import { DesignerPage, type Fields, FLOW_FORM, section, textOf } from '../../../support/power-automate/designer-page';

let page: DesignerPage;
beforeEach(async () => {
  page = await new DesignerPage().start();
});
afterEach(() => page.stop());

const save = (fields: Fields = FLOW_FORM) => page.post(DesignerRoute.SAVE, fields);

describe('a flow that reports its outcome', () => {
  const ended = (count: number) =>
    page.until(() => {
      const runs = page.designer.list()[0]?.runs ?? [];
      return runs.filter(({ state }) => state !== 'running').length === count;
    });

  it('reports that its runs succeeded', async () => {
    await save({ ...FLOW_FORM, reporting: 'always' });
    for (const n of [1, 2]) await page.api.publish({ title: `Run ${n}`, deliveryId: `vip_${n}` });
    await ended(2);
    const reported = page.api.outcomes.toSorted((a, b) => String(a.deliveryId).localeCompare(String(b.deliveryId)));
    expect(reported).toEqual([
      { deliveryId: 'vip_1', outcome: 'succeeded' },
      { deliveryId: 'vip_2', outcome: 'succeeded' },
    ]);
    const shown = section(await page.show(`?flow=${page.designer.list()[0]?.id}`), 'designer');
    expect(textOf(shown)).toContain('Last step: Report the outcome');
    expect(shown).toContain('<option value="always" selected>');
    expect(textOf(section(await page.show(), 'flows'))).toMatch(
      /succeeded Run 2 Report the outcome: Succeeded Outputs/,
    );
  });

  it('fails in one run of five, and never reports in one of ten', async () => {
    await save({ ...FLOW_FORM, reporting: 'unreliable' });
    for (let n = 1; n <= 10; n++) await page.api.publish({ title: `Run ${n}`, deliveryId: `vip_${n}` });
    await ended(9);
    const failed = page.api.outcomes.filter(({ outcome }) => outcome === 'failed');
    expect(failed.map(({ deliveryId }) => deliveryId).toSorted()).toEqual(['vip_2', 'vip_7']);
    expect(page.api.outcomes).toHaveLength(9);
    expect(page.api.outcomes.map(({ deliveryId }) => deliveryId)).not.toContain('vip_4');
    const shown = textOf(section(await page.show(), 'flows'));
    expect(shown).toMatch(/failed Run 7 Report the outcome: Failed .*running Run 4 Outputs/);
  });

  it('shows why it cannot report', async () => {
    await save({ ...FLOW_FORM, reporting: 'always' });
    await page.api.publish({ title: 'No id' });
    await ended(1);
    expect(textOf(section(await page.show(), 'flows'))).toContain(
      "failed No id Report the outcome: Succeeded 'Delivery' is required.",
    );
  });

  it('has no such step if it is not chosen, or if the trigger has no delivery', async () => {
    await save();
    expect(page.designer.list()[0]?.content.steps).toEqual([]);
    expect(section(await page.show('?trigger=WhenRefreshEnds'), 'designer')).not.toContain('name="reporting"');
    await save({ trigger: 'WhenRefreshEnds', reporting: 'always' });
    expect(page.designer.list()[0]?.content.steps).toEqual([]);
  });
});
