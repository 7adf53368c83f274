import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { classify, type FlowResponse, INCOMPLETE_RESPONSE, NotCalled } from '../../../../lambda/delivery/core/response';

const RETRIED = [408, 425, 429, 500, 502, 503, 504];

describe('a response is', () => {
  it.each<[FlowResponse, string]>([
    ...[200, 201, 202, 204, 299].map((status): [FlowResponse, string] => [{ status }, 'delivered']),
    ...RETRIED.map((status): [FlowResponse, string] => [{ status }, 'retry']),
    ...[100, 300, 302, 307, 399, 405, 409, 422].map((status): [FlowResponse, string] => [{ status }, 'retry']),
    ...[401, 403, 404, 410].map((status): [FlowResponse, string] => [{ status }, 'pause']),
    ...[400, 413].map((status): [FlowResponse, string] => [{ status }, 'dead']),
    [{ status: 400, error: 'TriggerInputSchemaMismatch' }, 'dead'],
    [{ status: 400, error: 'WorkflowTriggerIsNotEnabled' }, 'pause'],
    [{ status: 400, error: INCOMPLETE_RESPONSE }, 'retry'],
    [{ status: 401, error: INCOMPLETE_RESPONSE }, 'pause'],
    [{ status: 413, error: INCOMPLETE_RESPONSE }, 'dead'],
    [{ status: 502, error: 'NoResponse' }, 'retry'],
    [{}, 'retry'],
    [{ error: 'timeout' }, 'retry'],
    [{ error: 'ECONNRESET' }, 'retry'],
    [{ error: 'WorkflowTriggerIsNotEnabled' }, 'retry'],
    [{ error: 'AADSTS7000215' }, 'pause'],
    [{ error: 'AADSTS' }, 'retry'],
    [{ error: 'xAADSTS7000215' }, 'retry'],
    [{ status: 503, error: 'AADSTS7000215' }, 'retry'],
    [{ error: NotCalled.WRONG_CREDENTIAL }, 'pause'],
    [{ error: NotCalled.ENTRA_SECRET_UNUSABLE }, 'pause'],
    [{ error: NotCalled.ENTRA_SECRET_UNREAD }, 'retry'],
    [{ error: NotCalled.FEDERATION_DISABLED }, 'pause'],
    [{ error: NotCalled.FEDERATION_DENIED }, 'pause'],
    [{ error: NotCalled.FEDERATION_FAILED }, 'retry'],
    [{ error: NotCalled.ENTRA_REFUSED }, 'pause'],
    [{ error: NotCalled.ENTRA_UNEXPECTED_RESPONSE }, 'pause'],
    [{ error: NotCalled.ENTRA_UNAVAILABLE }, 'retry'],
    [{ error: NotCalled.ENTRA_UNREACHABLE }, 'retry'],
  ])('%j: %s', (answer, expected) => {
    expect(classify(answer)).toBe(expected);
  });

  it('delivered only for a 2xx, regardless of a code in its body', () => {
    const error = fc.option(fc.constantFrom('WorkflowTriggerIsNotEnabled', 'NoResponse', 'timeout'), {
      nil: undefined,
    });
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 599 }), error, (status, code) => {
        expect(classify({ status, error: code }) === 'delivered').toBe(status >= 200 && status < 300);
      }),
    );
  });
});
