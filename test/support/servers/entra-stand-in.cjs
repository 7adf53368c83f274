/**
 * A function loads this before its own code (NODE_OPTIONS). Host names do not resolve, so no request leaves this machine.
 * Requests to Microsoft Entra ID, for tokens and signing keys, go to the origin ENTRA_STAND_IN instead.
 */
const dns = require('node:dns');
const http = require('node:http');
const https = require('node:https');

dns.lookup = (host, ...rest) =>
  rest.at(-1)(Object.assign(new Error(`tests do not resolve ${host}`), { code: 'ENOTFOUND' }), []);

const { request } = https;
https.request = (url, options, ...rest) => {
  const { hostname, pathname } = new URL(String(url));
  const { ENTRA_STAND_IN } = process.env;
  if (hostname !== 'login.microsoftonline.com' || !ENTRA_STAND_IN) return request(url, options, ...rest);
  return http.request(new URL(pathname, ENTRA_STAND_IN), { ...options, agent: undefined }, ...rest);
};
