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

/** The user canceled a prompt (Ctrl-C, Escape). */
export class CanceledError extends Error {
  override readonly name = 'CanceledError';
}

/** Returns an error message for an invalid answer, and undefined for a valid one. */
export type Validate = (answer: string) => string | undefined;

export interface Choice<T extends string> {
  readonly value: T;
  readonly label: string;
  /** Shown next to the label of the selected choice. */
  readonly hint?: string;
}

/** Interactive prompts. Each question throws a CanceledError if the user cancels it. */
export interface Prompts {
  begin(title: string): void;
  choose<T extends string>(question: string, choices: readonly Choice<T>[]): Promise<T>;
  ask(question: string, options: { readonly validate: Validate; readonly suggestion?: string }): Promise<string>;
  /** Does not echo the input. */
  askSecret(question: string, validate: Validate): Promise<string>;
  confirm(question: string, yes: boolean): Promise<boolean>;
  say(text: string): void;
  warn(text: string): void;
  /** Shows a spinner; the returned function stops it and shows the result. */
  busy(text: string): (result: string, failed?: boolean) => void;
  end(text: string): void;
}

/** Maximum number of choices shown at a time. */
const MAX_ITEMS = 12;

export function terminalPrompts(streams: { readonly input?: Readable; readonly output?: Writable } = {}): Prompts {
  const answered = <T>(answer: T | typeof CANCEL_SYMBOL): T => {
    if (isCancel(answer)) throw new CanceledError();
    return answer as T;
  };
  const orEmpty = (validate: Validate) => (answer: string | undefined) => validate(answer ?? '');
  return {
    begin: (title) => intro(title, streams),
    choose: async <T extends string>(message: string, choices: readonly Choice<T>[]) => {
      const options = choices.map(({ value, label, hint }) => ({ value: String(value), label, ...(hint && { hint }) }));
      return answered(await select<string>({ message, options, maxItems: MAX_ITEMS, ...streams })) as T;
    },
    ask: async (message, { validate, suggestion }) =>
      answered(
        await text({
          message,
          validate: orEmpty(validate),
          ...(suggestion && { initialValue: suggestion }),
          ...streams,
        }),
      ),
    askSecret: async (message, validate) =>
      answered(await password({ message, validate: orEmpty(validate), clearOnError: true, ...streams })),
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
