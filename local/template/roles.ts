import type { PolicyStatement } from '../bus/permissions';
import { TemplateError } from '../shared/user-error';
import type { Plan } from './model/plan';
import type { LoadedTemplate } from './template';

/**
 * The statements of a role's policies, in the role and in policies that name it. Only roles that put events on buses are
 * read, because the policies of others can contain what the local run does not implement.
 * @throws TemplateError for a role that is not in the template, or a managed policy that is not.
 */
export function statementsOfRole(
  roleArn: string,
  { template }: LoadedTemplate,
  { environment, physicalIds, resolve }: Plan,
  where: string,
): PolicyStatement[] {
  const name = (id: string) => physicalIds.get(id);
  const declared = Object.entries(template.Resources);
  const [roleId, role] =
    declared.find(
      ([id, { Type }]) =>
        Type === 'AWS::IAM::Role' && roleArn === `arn:aws:iam::${environment.account}:role/${name(id)}`,
    ) ?? [];
  if (roleId === undefined) throw new TemplateError(`${where}.RoleArn`, `${roleArn} is not a role of the template`);
  const { Policies = [], ManagedPolicyArns = [], PermissionsBoundary } = role?.Properties ?? {};
  if (PermissionsBoundary !== undefined) {
    throw new TemplateError(roleId, 'the local run does not implement the property PermissionsBoundary');
  }
  const attached = resolve(ManagedPolicyArns, `${roleId}.ManagedPolicyArns`) as string[];
  const policies = declared.filter(([id, { Type, Properties = {} }]) => {
    if (Type !== 'AWS::IAM::Policy' && Type !== 'AWS::IAM::ManagedPolicy') return false;
    // Its condition is false.
    if (name(id) === undefined) return false;
    const roles = resolve(Properties.Roles ?? [], `${id}.Roles`) as string[];
    return roles.includes(name(roleId) ?? '') || attached.includes(name(id) ?? '');
  });
  const unknown = attached.find((arn) => !policies.some(([id]) => name(id) === arn));
  if (unknown !== undefined) {
    throw new TemplateError(roleId, `the local run implements only policies of the template, not ${unknown}`);
  }
  const inline = resolve(Policies, `${roleId}.Policies`) as { readonly PolicyDocument?: unknown }[];
  const documents = [
    ...inline.map(({ PolicyDocument }) => PolicyDocument),
    ...policies.map(([id, { Properties }]) => resolve(Properties?.PolicyDocument, `${id}.PolicyDocument`)),
  ] as { readonly Statement?: PolicyStatement | PolicyStatement[] }[];
  return documents.flatMap(({ Statement = [] }) => [Statement].flat() as PolicyStatement[]);
}
