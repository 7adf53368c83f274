import { describe, expect, it } from 'vitest';
import { readOptions } from '../../../local/run/options';

const environment = { CRM_URL: 'value-1', OTHER: 'value-2', EMPTY: '' };

describe('secrets and parameters of the local run', () => {
  it('have their names on the command line and their values in the environment', () => {
    const arn = 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:crm/flow-url-AbCdEf';
    const args = ['--secret', 'crm/flow-url=CRM_URL', `--secret=${arn}=OTHER`, '--parameter', '/crm/url=CRM_URL'];
    expect(readOptions(args, environment)).toMatchObject({
      secrets: { 'crm/flow-url': 'value-1', [arn]: 'value-2' },
      parameters: { '/crm/url': 'value-1' },
    });
    expect(readOptions([], environment)).toMatchObject({ secrets: {}, parameters: {} });
  });

  it.each([
    ['crm', '--secret requires NAME=VARIABLE: write the name of an environment variable that has the value'],
    ['crm=https://example.com/?sig=QUOTED', '--secret requires NAME=VARIABLE: write the name of an environment'],
    ['crm=MISSING', '--secret crm: the environment variable MISSING is not set or empty'],
    ['crm=EMPTY', '--secret crm: the environment variable EMPTY is not set or empty'],
  ])('are rejected without quoting a value: %s', (text, message) => {
    const read = () => readOptions(['--secret', text], environment);
    expect(read).toThrow(message);
    expect(read).not.toThrow(/QUOTED|value-/);
  });
});
