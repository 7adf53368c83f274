/** Patterns of the ids of an organization (AWS Organizations API reference: Account, Organization, Root, OrganizationalUnit). */
export const ACCOUNT_ID = /^\d{12}$/;
export const ORGANIZATION_ID = /^o-[a-z0-9]{10,32}$/;
/** The id of the root and of each organizational unit below it. */
export const ORGANIZATION_PATH = /^r-[0-9a-z]{4,32}(\/ou-[0-9a-z]{4,32}-[0-9a-z]{8,32})*$/;
