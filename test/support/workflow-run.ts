import { evaluate } from './workflow-language';

type Status = 'Succeeded' | 'Failed' | 'Skipped' | 'TimedOut';
type Body = Readonly<Record<string, unknown>>;

interface Action {
  readonly type: string;
  readonly runAfter: Readonly<Record<string, readonly Status[]>>;
  readonly actions?: Actions;
  readonly else?: { readonly actions: Actions };
  readonly expression?: { readonly and: readonly [{ readonly equals: readonly [string, unknown] }] };
  // biome-ignore lint/suspicious/noExplicitAny: each type of action has other inputs.
  readonly inputs?: any;
}
type Actions = Readonly<Record<string, Action>>;

/** A call of a connector's operation, with evaluated parameters. */
export interface Call {
  readonly operationId: string;
  readonly parameters: Readonly<Record<string, unknown>>;
}

export interface FlowRun {
  readonly status: Status;
  readonly calls: readonly Call[];
}

class Terminated extends Error {
  constructor(readonly status: Status) {
    super();
  }
}

/**
 * Runs the actions of a flow ("Handle errors and exceptions", Azure Logic Apps): an action runs if every action in its
 * runAfter has one of the statuses there, and is skipped otherwise. Throws for types that the generated flows do not use.
 * @param respond status of a call.
 */
export function runFlow(actions: Actions, body: Body, respond: (call: Call) => Status): FlowRun {
  const calls: Call[] = [];
  try {
    return { status: runAll(actions), calls };
  } catch (error) {
    if (error instanceof Terminated) return { status: error.status, calls };
    throw error;
  }

  function runAll(all: Actions): Status {
    const statuses = new Map<string, Status>();
    while (statuses.size < Object.keys(all).length) {
      const before = statuses.size;
      for (const [name, action] of Object.entries(all)) {
        const after = Object.entries(action.runAfter);
        if (statuses.has(name) || !after.every(([other]) => statuses.has(other))) continue;
        const isDue = after.every(([other, allowed]) => allowed.includes(statuses.get(other) as Status));
        statuses.set(name, isDue ? run(action) : 'Skipped');
      }
      if (statuses.size === before) throw new Error('actions wait for each other, or for one that does not exist');
    }
    const isHandled = (name: string, status: Status) =>
      Object.values(all).some(({ runAfter }) => runAfter[name]?.includes(status));
    const failed = [...statuses].some(
      ([name, status]) => (status === 'Failed' || status === 'TimedOut') && !isHandled(name, status),
    );
    return failed ? 'Failed' : 'Succeeded';
  }

  function run(action: Action): Status {
    switch (action.type) {
      case 'Scope':
        return runAll(action.actions ?? {});
      case 'If': {
        const [expression, value] = action.expression?.and[0].equals ?? [];
        return runAll((evaluate(String(expression), body) === value ? action.actions : action.else?.actions) ?? {});
      }
      case 'Terminate':
        throw new Terminated(action.inputs.runStatus);
      case 'OpenApiConnection': {
        const parameters = Object.entries(action.inputs.parameters).map(([name, value]) => [
          name,
          typeof value === 'string' ? evaluate(value, body) : value,
        ]);
        const call = { operationId: action.inputs.host.operationId, parameters: Object.fromEntries(parameters) };
        calls.push(call);
        return respond(call);
      }
      default:
        throw new Error(`${action.type} is not supported`);
    }
  }
}
