import * as v from 'valibot';
import { CREDENTIAL_IN_NAME, MAX_LINK_LENGTH, UNPAIRED_SURROGATE } from '../../../events/core/fields';
import { containsCredential, looksLikeCredential } from '../../../shared/core/redact';
import { MAX_OWNERS_LENGTH } from '../subscription';
import { displayValue, FLOW_URL_PARTS, write, writeText } from './messages';

const NAME = /^[A-Za-z0-9_-]{1,64}$/;
export const nameEntry = v.pipe(
  v.string(writeText('a name of 1 to 64 letters, digits, - and _')),
  v.regex(NAME, (issue) => {
    const better = String(issue.input)
      .normalize('NFKD')
      .replaceAll(/\p{M}/gu, '')
      .replaceAll(/[^A-Za-z0-9_]+/g, '-')
      .replaceAll(/^-+|-+$/g, '')
      .slice(0, 64);
    const rule = '1 to 64 letters, digits, - and _';
    const isSecret = FLOW_URL_PARTS.test(String(issue.input)) || looksLikeCredential(String(issue.input));
    return write(better && !isSecret ? `${rule}, such as ${better}` : rule)(issue);
  }),
  v.check((name) => !containsCredential(name), `${CREDENTIAL_IN_NAME}; write another name`),
  v.description('Unique name: 1 to 64 letters, digits, - and _.'),
);

const LINK_HINT = 'a web address that starts with https://';
/** A web page. It is stored and sent in plain text, so a flow URL is rejected. */
export const link = (description: string) =>
  v.optional(
    v.pipe(
      v.string(writeText(LINK_HINT)),
      v.trim(),
      v.check((address) => address.isWellFormed(), `${UNPAIRED_SURROGATE}; write ${LINK_HINT}`),
      v.check(isLink, write(LINK_HINT)),
      v.check(
        (address) => !isFlowUrl(address),
        "is a flow URL, which is a secret; write a page's address here, and the flow URL under flowUrl",
      ),
      v.check(
        (address) => isFlowUrl(address) || !containsCredential(address),
        `${CREDENTIAL_IN_NAME}; write ${LINK_HINT}`,
      ),
      v.description(description),
      v.transform((address) => URL.parse(address)?.href ?? address),
    ),
  );

const isFlowUrl = (address: string): boolean => /\/triggers\/.*[?&]sig=/i.test(address);

function isLink(address: string): boolean {
  const url = URL.parse(address);
  return url !== null && /^https?:$/.test(url.protocol) && !/\s/.test(address) && url.href.length <= MAX_LINK_LENGTH;
}

const OWNERS_HINT = 'email addresses, as a list or separated by ; such as kim@example.com; lee@example.com';
const ADDRESS = /^[^\s@<>"(),;:]+@[^\s@<>"(),;:]+\.[^\s@<>"(),;:]+$/;
const isAddress = (owner: string): boolean => ADDRESS.test(owner) && owner.isWellFormed() && !containsCredential(owner);
export const ownersEntry = v.optional(
  v.pipe(
    v.union([v.string(), v.array(v.string())], write(OWNERS_HINT)),
    v.description('Email addresses of the owners, as a list or separated by ; or a comma.'),
    v.transform((owners) =>
      (Array.isArray(owners) ? owners : [owners])
        .flatMap((part) => part.split(/[;,]/))
        .map((owner) => owner.trim())
        .filter((owner, at, all) => owner !== '' && all.indexOf(owner) === at),
    ),
    v.check(
      (owners) => owners.every(isAddress),
      (issue) => {
        const wrong = (issue.input as string[]).find((owner) => !isAddress(owner));
        return `has ${displayValue(wrong)}, which is not an email address; write ${OWNERS_HINT}`;
      },
    ),
    v.check(
      (owners) => owners.join(';').length <= MAX_OWNERS_LENGTH,
      `is longer than ${MAX_OWNERS_LENGTH} characters in total; write the address of a group`,
    ),
  ),
  () => [],
);
