import type { RegisteredFlows } from '../../../lambda/registration/core/flow-registration';
import type { Gate } from './memory';

/** The sets of registered flows in memory, by caller. Every call waits at the gate before and after its effect. */
export function registeredFlows(sets: Map<string, Set<string>>, gate: Gate): RegisteredFlows {
  const step = async <T>(name: string, act: () => T): Promise<T> => {
    await gate(`before ${name}`);
    const result = act();
    await gate(`after ${name}`);
    return result;
  };
  const setOf = (caller: string) => sets.get(caller) ?? sets.set(caller, new Set()).get(caller) ?? new Set();
  return {
    add: (caller, name, limit) =>
      step('addFlow', () => {
        const set = setOf(caller);
        if (!set.has(name) && set.size >= limit) return false;
        set.add(name);
        return true;
      }),
    remove: (caller, names) =>
      step('removeFlows', () => {
        for (const name of names) setOf(caller).delete(name);
      }),
    names: (caller) => step('readFlows', () => [...setOf(caller)]),
  };
}
