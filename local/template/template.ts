import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { ACCOUNT, type Environment, REGION } from '../shared/environment';
import { TemplateError } from '../shared/user-error';

export interface ResourceDefinition {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
  readonly Metadata?: Readonly<Record<string, unknown>>;
  readonly DependsOn?: string | readonly string[];
  readonly Condition?: string;
}

/** The sections of a CloudFormation template that the local run reads. */
export interface Template {
  readonly Resources: Readonly<Record<string, ResourceDefinition>>;
  readonly Parameters?: Readonly<Record<string, { readonly Type: string; readonly Default?: unknown }>>;
  readonly Conditions?: Readonly<Record<string, unknown>>;
  readonly Rules?: Readonly<Record<string, unknown>>;
  readonly Outputs?: Readonly<Record<string, { readonly Value: unknown; readonly Condition?: string }>>;
}

/** A template and its origin. */
export interface LoadedTemplate {
  readonly template: Template;
  readonly stackName: string;
  /** @default - ACCOUNT and REGION */
  readonly environment?: Environment;
  /** The cloud assembly's folder. Asset paths are relative to it. */
  readonly directory: string;
  /** Paths of file assets by their object key in the bootstrap bucket. */
  readonly assets: Readonly<Record<string, string>>;
}

/** Supported sections. */
const SECTIONS = new Set([
  'AWSTemplateFormatVersion',
  'Description',
  'Metadata',
  'Resources',
  'Parameters',
  'Conditions',
  'Rules',
  'Outputs',
]);
/** Supported resource attributes. Some are ignored (`IGNORED.deletion`, `IGNORED.metadata`). */
const ATTRIBUTES = new Set([
  'Type',
  'Properties',
  'Metadata',
  'DependsOn',
  'Condition',
  'DeletionPolicy',
  'UpdateReplacePolicy',
]);

/** Reads a template of a cloud assembly. Throws `TemplateError` for unsupported sections and attributes. */
export function loadTemplate(file: string): LoadedTemplate {
  let template: Template;
  try {
    template = JSON.parse(readFileSync(file, 'utf8')) as Template;
  } catch (error) {
    throw new TemplateError(
      file,
      `cannot be read as a JSON template (${(error as Error).message}); run cdk synth first`,
    );
  }
  checkSections(template, file);
  const directory = dirname(file);
  return { template, directory, ...stackOf(directory, basename(file)), assets: assetPaths(file) };
}

/** Reads the asset manifest next to a template. A template outside a cloud assembly has none. */
function assetPaths(templateFile: string): Record<string, string> {
  const file = templateFile.replace(/(\.template)?\.json$/, '.assets.json');
  interface FileAsset {
    readonly source: { readonly path?: string };
    readonly destinations: Readonly<Record<string, { readonly objectKey: string }>>;
  }
  let manifest: { files?: Record<string, FileAsset> };
  try {
    manifest = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return {};
  }
  const paths: Record<string, string> = {};
  for (const { source, destinations } of Object.values(manifest.files ?? {})) {
    for (const { objectKey } of Object.values(destinations)) {
      if (source.path !== undefined) paths[objectKey] = source.path;
    }
  }
  return paths;
}

function checkSections(template: Template, file: string): void {
  if (typeof template?.Resources !== 'object') throw new TemplateError(file, 'has no Resources');
  for (const section of Object.keys(template)) {
    if (!SECTIONS.has(section)) {
      throw new TemplateError(file, `the local run does not implement the section ${section}`);
    }
  }
  for (const name of Object.keys(template.Rules ?? {})) {
    if (name !== 'CheckBootstrapVersion') {
      throw new TemplateError(`Rules.${name}`, 'the local run does not implement rules of templates');
    }
  }
  for (const [logicalId, resource] of Object.entries(template.Resources)) {
    for (const attribute of Object.keys(resource)) {
      if (!ATTRIBUTES.has(attribute)) {
        throw new TemplateError(logicalId, `the local run does not implement the resource attribute ${attribute}`);
      }
    }
  }
}

/** The stack's name and environment in the assembly's manifest. Without a manifest, the name is that of the file. */
function stackOf(directory: string, file: string): Pick<LoadedTemplate, 'stackName' | 'environment'> {
  interface Artifact {
    readonly type?: string;
    /** `aws://ACCOUNT/REGION`; either can be unknown. */
    readonly environment?: string;
    readonly properties?: { readonly templateFile?: string; readonly stackName?: string };
  }
  try {
    const manifest = JSON.parse(readFileSync(join(directory, 'manifest.json'), 'utf8')) as {
      artifacts?: Record<string, Artifact>;
    };
    for (const [id, { type, environment, properties }] of Object.entries(manifest.artifacts ?? {})) {
      if (type !== 'aws:cloudformation:stack' || properties?.templateFile !== file) continue;
      const [, account, region] = /^aws:\/\/([^/]+)\/(.+)$/.exec(environment ?? '') ?? [];
      return {
        stackName: properties.stackName ?? id,
        environment: { account: known(account) ?? ACCOUNT, region: known(region) ?? REGION },
      };
    }
  } catch {
    // A template outside a cloud assembly.
  }
  return { stackName: file.replace(/(\.template)?\.json$/, '') };
}

/** The CDK writes `unknown-account` and `unknown-region` for a stack without an environment. */
const known = (name: string | undefined): string | undefined => (name?.startsWith('unknown-') ? undefined : name);
