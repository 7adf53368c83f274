import { TemplateError } from '../shared/user-error';
import { references } from './intrinsics';
import type { ResourceDefinition } from './template';

/**
 * Logical ids such that each comes after everything that it refers to or names in `DependsOn`.
 * Throws `TemplateError` that names the resources of a cycle, or a `DependsOn` that leads nowhere.
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
        throw new TemplateError(logicalId, `DependsOn names ${name}, which is no resource of the template`);
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
