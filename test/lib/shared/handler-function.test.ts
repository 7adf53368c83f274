import { expect, test, vi } from 'vitest';
import { connectorTemplate } from '../support';

vi.mock('../../../lib/shared/package-root', () => ({ packageRoot: () => '/no/such/package' }));

test('fails without the handlers’ bundles, and names the command that builds them', () => {
  expect(() => connectorTemplate()).toThrow(/no bundle of the handler 'evaluate' in .*: run 'npm run build'/);
});
