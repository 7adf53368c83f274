const BARS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/** Values as a line of bars, the lowest to the highest; a middle line where they are all the same. */
export function sparkLine(values: readonly number[]): string {
  // Halves, because the range of two doubles may be infinite.
  const halves = values.map((value) => value / 2);
  const [low, high] = [Math.min(...halves), Math.max(...halves)];
  if (low === high) return (BARS[3] as string).repeat(values.length);
  return halves.map((half) => BARS[Math.round(((half - low) / (high - low)) * (BARS.length - 1))]).join('');
}
