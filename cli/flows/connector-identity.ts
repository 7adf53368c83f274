import { identityHash } from '../../lambda/shared/core/identity';
import { guidOf, PREFIX } from './solution-package';

/** Title of the custom connector in Power Automate. */
export const CONNECTOR_TITLE = 'Customer data on AWS';

/** Logical name of the custom connector in a solution. Lower case letters and digits, because all others are encoded. */
export const CONNECTOR_NAME = `${PREFIX}_customerdata`;

/** GUID of the custom connector. An import with the same GUID updates the connector. */
export const CONNECTOR_GUID = guidOf(identityHash('connector', CONNECTOR_NAME));

/** Connection reference to the custom connector. All generated flows share it. */
export const CONNECTOR_REFERENCE = `${PREFIX}_sharedcustomerdata`;

/** Id of the connector's API without the suffix that each environment appends, such as `-5f0123456789abcdef`. */
export const CONNECTOR_API = `shared_${PREFIX}-5fcustomerdata`;
