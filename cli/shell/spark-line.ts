const BARS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/** Values as a line of bars, scaled from the minimum to the maximum. Equal values give bars of medium height. */
export function sparkLine(values: readonly number[]): string {
  // Halved, because the difference of two doubles can overflow.
  const halves = values.map((value) => value / 2);
  const [low, high] = [Math.min(...halves), Math.max(...halves)];
  if (low === high) return (BARS[3] as string).repeat(values.length);
  return halves.map((half) => BARS[Math.round(((half - low) / (high - low)) * (BARS.length - 1))]).join('');
}
