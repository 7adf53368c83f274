import { expect, test, vi } from 'vitest';
import { connectorTemplate } from '../support';

vi.mock('../../../lib/shared/package-root', () => ({ packageRoot: () => '/no/such/package' }));

test('fails without the handlers’ bundles, and says how to make them', () => {
  expect(() => connectorTemplate()).toThrow(/no bundle of the handler 'evaluate' in .*: run 'npm run build'/);
});
