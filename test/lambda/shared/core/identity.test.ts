import fc from 'fast-check';
import { expect, it } from 'vitest';
import { identityHash } from '../../../../lambda/shared/core/identity';

it('a hash keeps the parts of an identity apart', () => {
  const text = fc.string({ unit: fc.constantFrom('a', '"', ',', '\\', '#', ''), maxLength: 4 });
  fc.assert(
    fc.property(
      fc.array(text, { minLength: 2, maxLength: 4 }),
      fc.array(text, { minLength: 2, maxLength: 4 }),
      (a, b) => {
        expect(identityHash(...a) === identityHash(...b)).toBe(JSON.stringify(a) === JSON.stringify(b));
      },
    ),
  );
});
