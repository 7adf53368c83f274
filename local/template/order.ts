import { TemplateError } from '../shared/user-error';
import { references } from './intrinsics';
import type { ResourceDefinition } from './template';

/**
 * Logical ids in dependency order: each after the resources that it references or names in `DependsOn`.
 * Throws `TemplateError` for a cycle, or for a `DependsOn` that is not in the template.
 */
export function dependencyOrder(resources: Readonly<Record<string, ResourceDefinition>>): string[] {
  const order: string[] = [];
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (logicalId: string): void => {
    if (done.has(logicalId)) return;
    const start = path.indexOf(logicalId);
    if (start >= 0) {
      throw new TemplateError(logicalId, `depends on itself: ${[...path.slice(start), logicalId].join(' → ')}`);
    }
    path.push(logicalId);
    const { DependsOn, Properties } = resources[logicalId] as ResourceDefinition;
    for (const name of [DependsOn ?? []].flat()) {
      if (!resources[name]) {
        throw new TemplateError(logicalId, `DependsOn names ${name}, which is not a resource of the template`);
      }
      visit(name);
    }
    for (const name of references(Properties)) {
      if (Object.hasOwn(resources, name)) visit(name);
    }
    path.pop();
    done.add(logicalId);
    order.push(logicalId);
  };
  Object.keys(resources).forEach(visit);
  return order;
}
