let grouped: Intl.NumberFormat | undefined;

/** Made when first used, because it takes 10 ms. 30 digits hold the shortest text of every double from 1e-6 on. */
const format = (): Intl.NumberFormat => (grouped ??= new Intl.NumberFormat('en-US', { maximumFractionDigits: 30 }));

/** A number with thousands separators, in full precision: `12,345.6`. */
export function numberText(value: number): string {
  const size = Math.abs(value);
  if (size === 0) return '0';
  return size >= 1e21 || size < 1e-6 ? String(value) : format().format(value);
}
