import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { organizationOf, readOrganization } from '../../../local/run/organization-file';
import { temporaryFolder } from '../../support/temporary-files';

const ID = 'o-a1b2c3d4e5';
const text = (accounts: object, more: object = {}) => JSON.stringify({ id: ID, accounts, ...more });

describe('the file with the accounts of an organization', () => {
  it('has paths, events and subscriptions, relative to its folder', () => {
    const accounts = {
      '111122223333': { path: 'r-ab12/ou-ab12-11111111', events: 'sales.jsonl' },
      '444455556666': { path: 'r-ab12' },
      '777788889999': { events: '../other.jsonl' },
    };
    expect(readOrganization(text(accounts, { subscriptions: 's.yaml' }), 'apps/shop/organization.json')).toEqual({
      id: ID,
      paths: { '111122223333': 'r-ab12/ou-ab12-11111111', '444455556666': 'r-ab12' },
      events: [
        { account: '111122223333', file: join('apps/shop/sales.jsonl') },
        { account: '777788889999', file: join('apps/other.jsonl') },
      ],
      subscriptions: join('apps/shop/s.yaml'),
    });
  });

  it.each([
    ['{', /^o\.json is not JSON: /],
    ['[]', /^o\.json: id is invalid: write \{ "id", "subscriptions", "accounts"/],
    [
      JSON.stringify({ id: 'a1b2', accounts: {} }),
      /^o\.json: id is invalid: write the id of an organization, such as 'o-a1b2c3d4e5'$/,
    ],
    [text({ '123': {} }), /^o\.json: accounts\.123 is invalid: write the 12 digits of an AWS account ID$/],
    [
      text({ '111122223333': { path: 'ou-ab12-11111111' } }),
      /^o\.json: accounts\.111122223333\.path is invalid: write the id of the root and/,
    ],
    [text({ '111122223333': { event: 'x' } }), /^o\.json: accounts\.111122223333\.event is invalid: write \{ "id"/],
    [text({}, { more: 1 }), /^o\.json: more is invalid: write \{ "id"/],
  ])('is refused with the place of the mistake: %s', (json, message) => {
    expect(() => readOrganization(json, 'o.json')).toThrow(message);
  });

  it('of the example is the one in the documentation', () => {
    const [page = '', example = ''] = ['docs/local-run.md', 'examples/organization/organization.json'].map((name) =>
      readFileSync(join(__dirname, '../../..', name), 'utf8'),
    );
    expect(page).toContain(example);
  });

  it('is by default beside the app', () => {
    const folder = temporaryFolder('organization');
    const [app, other] = [join(folder, 'app.ts'), join(folder, 'other.json')];
    expect(organizationOf({ app, organization: undefined })).toBeUndefined();
    expect(organizationOf({ app: undefined, organization: undefined })).toBeUndefined();
    writeFileSync(join(folder, 'organization.json'), text({}));
    expect(organizationOf({ app, organization: undefined })).toMatchObject({ id: ID });
    writeFileSync(other, text({}).replace(ID, 'o-z9y8x7w6v5'));
    expect(organizationOf({ app, organization: other })).toMatchObject({ id: 'o-z9y8x7w6v5' });
    expect(() => organizationOf({ app, organization: join(folder, 'gone.json') })).toThrow(/does not exist/);
  });
});
