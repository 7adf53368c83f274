import { invalid } from './errors';

/**
 * DynamoDB's numbers: decimals of up to 38 significant digits (DynamoDB developer guide, "Data types"). As texts, because a
 * double cannot hold them.
 */
const MAX_DIGITS = 38;
/** Exponents of the first digit. */
const [MIN_EXPONENT, MAX_EXPONENT] = [-130, 125];

/** Whole numbers in their only form, which doubles represent exactly. */
const PLAIN = /^(?:0|-?[1-9]\d{0,14})$/;
const NUMBER = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/;

/** `0.digits × 10^exponent`, without zeros at either end of the digits. Zero has no digits. */
interface Decimal {
  readonly negative: boolean;
  readonly digits: string;
  readonly exponent: number;
}

function decimalOf(text: string): Decimal | undefined {
  const [, sign, whole = '', fraction = '', power = '0'] = NUMBER.exec(text) ?? [];
  if (sign === undefined || whole + fraction === '') return undefined;
  const all = whole + fraction;
  const digits = all.replace(/^0+/, '');
  const exponent = whole.length + Number(power) - (all.length - digits.length);
  const significant = digits.replace(/0+$/, '');
  return significant === ''
    ? { negative: false, digits: '', exponent: 0 }
    : { negative: sign === '-', digits: significant, exponent };
}

/** The text of a number in its only form: no exponent, no superfluous zeros. @throws AwsError if it is not a valid number. */
export function canonicalNumber(text: unknown): string {
  if (typeof text !== 'string') throw invalid('The parameter cannot be converted to a numeric value');
  if (PLAIN.test(text)) return text;
  const decimal = decimalOf(text);
  if (!decimal) throw invalid(`The parameter cannot be converted to a numeric value: ${text}`);
  const { digits, exponent } = decimal;
  if (digits.length > MAX_DIGITS) throw invalid('Attempting to store more than 38 significant digits in a Number');
  if (digits !== '' && exponent - 1 > MAX_EXPONENT) {
    throw invalid('Number overflow. Attempting to store a number with magnitude larger than supported range');
  }
  if (digits !== '' && exponent - 1 < MIN_EXPONENT) {
    throw invalid('Number underflow. Attempting to store a number with magnitude smaller than supported range');
  }
  return textOf(decimal);
}

function textOf({ negative, digits, exponent }: Decimal): string {
  if (digits === '') return '0';
  const sign = negative ? '-' : '';
  if (exponent <= 0) return `${sign}0.${'0'.repeat(-exponent)}${digits}`;
  const whole = digits.slice(0, exponent).padEnd(exponent, '0');
  const fraction = digits.slice(exponent);
  return `${sign}${whole}${fraction && `.${fraction}`}`;
}

/** Exact sum of two canonical numbers. */
export function addNumbers(a: string, b: string): string {
  if (PLAIN.test(a) && PLAIN.test(b)) return String(Number(a) + Number(b));
  const [x, y] = [scaled(a), scaled(b)];
  const scale = Math.max(x.scale, y.scale);
  const sum = x.units * 10n ** BigInt(scale - x.scale) + y.units * 10n ** BigInt(scale - y.scale);
  return canonicalNumber(`${sum}e-${scale}`);
}

export const negated = (number: string): string =>
  number === '0' ? number : number.startsWith('-') ? number.slice(1) : `-${number}`;

function scaled(number: string): { readonly units: bigint; readonly scale: number } {
  const [whole = '', fraction = ''] = number.split('.');
  return { units: BigInt(whole + fraction), scale: fraction.length };
}

/** A text whose order by code units is the order of canonical numbers by value. */
export function numberKey(number: string): string {
  const decimal = decimalOf(number) as Decimal;
  if (decimal.digits === '') return '1';
  const key = `${String(decimal.exponent + 500).padStart(4, '0')}${decimal.digits}`;
  if (!decimal.negative) return `2${key}`;
  // The complement of each digit reverses the order. The end sorts after every digit, so that fewer digits are greater.
  return `0${key.replace(/\d/g, (digit) => String(9 - Number(digit)))}~`;
}

export function compareNumbers(a: string, b: string): number {
  if (PLAIN.test(a) && PLAIN.test(b)) return Number(a) - Number(b);
  const [x, y] = [numberKey(a), numberKey(b)];
  return x < y ? -1 : x > y ? 1 : 0;
}

/** One byte for two significant digits, one more, and one for a sign (developer guide, "Item sizes and formats"). */
export function numberBytes(number: string): number {
  const { digits, negative } = decimalOf(number) as Decimal;
  return Math.ceil(digits.length / 2) + 1 + (negative ? 1 : 0);
}
