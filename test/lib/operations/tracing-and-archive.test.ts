import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Duration } from 'aws-cdk-lib';
import { Match } from 'aws-cdk-lib/assertions';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { describe, expect, test } from 'vitest';
import { packageRoot } from '../../../lib/shared/package-root';
import { list, resources } from '../support';
import { stackWith } from './support';

describe('tracing', () => {
  const actionsOf = (template: ReturnType<typeof stackWith>['template']) =>
    Object.values(resources(template, 'AWS::IAM::Policy')).map(({ Properties }) =>
      Properties.PolicyDocument.Statement.flatMap(({ Action }: { Action: string | string[] }) => list(Action)),
    );

  test('is off by default, and no function can write traces', () => {
    const { template } = stackWith({});
    template.allResourcesProperties('AWS::Lambda::Function', { TracingConfig: Match.absent() });
    expect(JSON.stringify(template)).not.toContain('xray');
  });

  test('is enabled for every function', () => {
    const { template } = stackWith({ tracing: lambda.Tracing.ACTIVE });
    template.allResourcesProperties('AWS::Lambda::Function', { TracingConfig: { Mode: 'Active' } });
    for (const actions of actionsOf(template)) expect(actions).toContain('xray:PutTraceSegments');
    stackWith({ tracing: lambda.Tracing.PASS_THROUGH }).template.allResourcesProperties('AWS::Lambda::Function', {
      TracingConfig: { Mode: 'PassThrough' },
    });
  });

  test('contains no flow URLs, because no bundle traces its outgoing calls', () => {
    const folder = join(packageRoot(), 'dist', 'lambda');
    const bundles = readdirSync(folder);
    expect(bundles.length).toBeGreaterThan(4);
    for (const bundle of bundles) {
      const code = readFileSync(join(folder, bundle, 'index.js'), 'utf8');
      expect(code, bundle).not.toMatch(/aws-xray-sdk|captureHTTPs|captureAWSv3|opentelemetry\/instrumentation/);
    }
  });
});

describe('archive', () => {
  test('keeps the events of the source forever by default', () => {
    const { template } = stackWith({ eventSource: 'crm', archive: {} });
    const [archive] = Object.values(resources(template, 'AWS::Events::Archive'));
    expect(archive?.Properties).toMatchObject({ EventPattern: { source: ['crm'] } });
    expect(archive?.Properties.ArchiveName).toBeUndefined();
    expect(archive?.Properties.RetentionDays ?? 0).toBe(0);
  });

  test('retention: is set in whole days', () => {
    stackWith({ archive: { retention: Duration.days(30) } }).template.hasResourceProperties('AWS::Events::Archive', {
      RetentionDays: 30,
    });
    for (const retention of [Duration.hours(36), Duration.days(0)]) {
      expect(() => stackWith({ archive: { retention } })).toThrow(
        /archive.retention is .* days: write whole days, at least 1, or leave it out/,
      );
    }
  });
});
