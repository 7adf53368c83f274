/** What is not printable ASCII, by UTF-16 unit. */
const OTHERS = /[\u007f-\uffff]/g;
/**
 * What a queue may refuse. Amazon SQS refuses or replaces U+FFFE, U+FFFF, control characters and halves of surrogate pairs
 * (API reference, SendMessage); engines that look at single UTF-16 units refuse whole pairs, too.
 */
const REFUSED = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd]/g;

/** A UTF-16 unit as JSON escapes it. */
export const unicodeEscape = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** The value as JSON in ASCII. Every queue takes it and gives it back as it was, whatever characters its texts have. */
export const asciiJson = (value: unknown): string => toAscii(JSON.stringify(value));

/**
 * JSON as ASCII: the same value, with the same keys, numbers and white space. A character takes 6 bytes, or 12 outside the
 * BMP, in place of up to 3, or 4, in UTF-8.
 */
export const toAscii = (json: string): string => json.replaceAll(OTHERS, unicodeEscape);

/** JSON in which only what a queue may refuse is escaped: shorter than ASCII. */
export const toAcceptable = (json: string): string => json.replaceAll(REFUSED, unicodeEscape);
