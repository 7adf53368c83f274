/** UTF-16 units outside printable ASCII. */
const OTHERS = /[\u007f-\uffff]/g;
/**
 * Characters that a queue can reject. Amazon SQS rejects or replaces U+FFFE, U+FFFF, control characters and unpaired
 * surrogates (API reference, SendMessage). Engines that check single UTF-16 units also reject surrogate pairs.
 */
const REFUSED = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd]/g;

/** The JSON escape of a UTF-16 unit. */
export const unicodeEscape = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** The value as JSON in ASCII. Every queue accepts it and returns it unchanged. */
export const asciiJson = (value: unknown): string => toAscii(JSON.stringify(value));

/**
 * Escapes JSON to ASCII. Keeps keys, numbers and white space. An escaped character takes 6 bytes, or 12 outside the BMP;
 * in UTF-8 it takes up to 3, or 4.
 */
export const toAscii = (json: string): string => json.replaceAll(OTHERS, unicodeEscape);

/** Escapes only the characters that a queue can reject. Shorter than ASCII. */
export const toAcceptable = (json: string): string => json.replaceAll(REFUSED, unicodeEscape);
