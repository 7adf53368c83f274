/**
 * Loaded by a function before its own code (NODE_OPTIONS): no name leads off this machine, and what is meant for the token
 * endpoint of Microsoft Entra ID goes to the origin ENTRA_STAND_IN, which is on it. Everything before and after that is
 * the function's own.
 */
const dns = require('node:dns');
const http = require('node:http');
const https = require('node:https');

dns.lookup = (host, ...rest) =>
  rest.at(-1)(Object.assign(new Error(`${host} is not looked up in tests`), { code: 'ENOTFOUND' }), []);

const { request } = https;
https.request = (url, options, ...rest) => {
  const { hostname, pathname } = new URL(String(url));
  const { ENTRA_STAND_IN } = process.env;
  if (hostname !== 'login.microsoftonline.com' || !ENTRA_STAND_IN) return request(url, options, ...rest);
  return http.request(new URL(pathname, ENTRA_STAND_IN), { ...options, agent: undefined }, ...rest);
};
