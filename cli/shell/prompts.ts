import type { Readable, Writable } from 'node:stream';
import {
  type CANCEL_SYMBOL,
  confirm,
  intro,
  isCancel,
  log,
  outro,
  password,
  select,
  spinner,
  text,
} from '@clack/prompts';

/** Somebody ended the questions (Ctrl-C, Escape). */
export class CanceledError extends Error {
  override readonly name = 'CanceledError';
}

/** What is wrong with an answer, a sentence; undefined: nothing. */
export type Check = (answer: string) => string | undefined;

export interface Choice<T extends string> {
  readonly value: T;
  readonly label: string;
  /** Shown beside the label of the one under the cursor. */
  readonly hint?: string;
}

/** Questions to a person. Each throws a CanceledError when they end it. */
export interface Prompts {
  begin(title: string): void;
  choose<T extends string>(question: string, choices: readonly Choice<T>[]): Promise<T>;
  ask(question: string, options: { readonly check: Check; readonly suggestion?: string }): Promise<string>;
  /** What is typed is not shown. */
  askSecret(question: string, check: Check): Promise<string>;
  confirm(question: string, yes: boolean): Promise<boolean>;
  say(text: string): void;
  warn(text: string): void;
  /** Shows that something takes its time; gives what ends it with a last line. */
  busy(text: string): (result: string, failed?: boolean) => void;
  end(text: string): void;
}

/** Lines of a list that are shown at once. */
const MAX_ITEMS = 12;

/** Questions on a terminal. */
export function terminalPrompts(streams: { readonly input?: Readable; readonly output?: Writable } = {}): Prompts {
  const answered = <T>(answer: T | typeof CANCEL_SYMBOL): T => {
    if (isCancel(answer)) throw new CanceledError();
    return answer as T;
  };
  const validateBy = (check: Check) => (answer: string | undefined) => check(answer ?? '');
  return {
    begin: (title) => intro(title, streams),
    choose: async <T extends string>(message: string, choices: readonly Choice<T>[]) => {
      const options = choices.map(({ value, label, hint }) => ({ value: String(value), label, ...(hint && { hint }) }));
      return answered(await select<string>({ message, options, maxItems: MAX_ITEMS, ...streams })) as T;
    },
    ask: async (message, { check, suggestion }) =>
      answered(
        await text({
          message,
          validate: validateBy(check),
          ...(suggestion && { initialValue: suggestion }),
          ...streams,
        }),
      ),
    askSecret: async (message, check) =>
      answered(await password({ message, validate: validateBy(check), clearOnError: true, ...streams })),
    confirm: async (message, yes) => answered(await confirm({ message, initialValue: yes, ...streams })),
    say: (message) => log.info(message, streams),
    warn: (message) => log.warn(message, streams),
    busy(message) {
      const shown = spinner(streams);
      shown.start(message);
      return (result, failed = false) => (failed ? shown.error(result) : shown.stop(result));
    },
    end: (message) => outro(message, streams),
  };
}
