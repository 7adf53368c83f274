import type { Report } from './apply';

/** Milliseconds between two writings of the progress. */
const PROGRESS_EVERY = 100;
const CLEAR_LINE = '\r\x1b[K';

/** Says on standard output what is done, with progress on a terminal, and on standard error what is not done. */
export function terminalReport(): Report {
  const { stdout, stderr } = process;
  let nextProgress = Date.now() + PROGRESS_EVERY;
  let progressIsShown = false;
  const write = (stream: NodeJS.WriteStream, text: string) => {
    if (progressIsShown) stdout.write(CLEAR_LINE);
    progressIsShown = false;
    stream.write(`${text}\n`);
  };
  return {
    line: (text) => write(stdout, text),
    problem: (text) => write(stderr, text),
    progress(what, done, all) {
      if (!stdout.isTTY || Date.now() < nextProgress) return;
      nextProgress = Date.now() + PROGRESS_EVERY;
      progressIsShown = true;
      stdout.write(`${CLEAR_LINE}${done} of ${all} ${what}`);
    },
  };
}
