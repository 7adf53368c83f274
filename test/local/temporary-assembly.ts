import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A cloud assembly in a temporary folder, with one template and a folder of code for each function. */
export function temporaryAssembly(
  resources: Record<string, unknown>,
  code: Record<string, string> = {},
  rest: object = {},
) {
  const directory = mkdtempSync(join(tmpdir(), 'local-stack-'));
  for (const [name, source] of Object.entries(code)) {
    mkdirSync(join(directory, `asset.${name}`));
    writeFileSync(join(directory, `asset.${name}`, 'index.js'), source);
  }
  const templateFile = join(directory, 'Shop.template.json');
  writeFileSync(templateFile, JSON.stringify({ Resources: resources, ...rest }));
  return { directory, templateFile, remove: () => rmSync(directory, { recursive: true, force: true }) };
}

/** A function whose code is `code[name]`. */
export function functionResource(name: string, properties: object = {}, environment: object = {}) {
  return {
    Type: 'AWS::Lambda::Function',
    Properties: {
      Code: { S3Bucket: 'bucket', S3Key: 'key' },
      Handler: 'index.handler',
      Runtime: 'nodejs24.x',
      Role: { 'Fn::GetAtt': ['Role', 'Arn'] },
      Environment: { Variables: environment },
      ...properties,
    },
    Metadata: { 'aws:asset:path': `asset.${name}`, 'aws:asset:property': 'Code' },
  };
}

export const role = { Type: 'AWS::IAM::Role', Properties: { AssumeRolePolicyDocument: {} } };
