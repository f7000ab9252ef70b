// HTTP requests as they are written: no header is added, renamed or forbidden, as `fetch` would.

import http from "node:http";
import { PATIENCE } from "./wait.mjs";

/** Sends one request and reads its whole answer: `{ status, headers, text, json() }`. */
export function request(url, { method = "GET", headers = {}, body, timeout = PATIENCE, signal } = {}) {
  return new Promise((resolve, reject) => {
    const req = http.request(url, { method, headers, signal, agent: false });
    req.setTimeout(timeout, () => req.destroy(new Error(`${method} ${url}: no answer in ${timeout} ms`)));
    req.on("error", reject);
    // `101 Switching Protocols`: the answer is its head.
    req.on("upgrade", (res, socket) => {
      socket.destroy();
      resolve(answer(res, ""));
    });
    req.on("response", (res) => {
      let text = "";
      res.setEncoding("utf8");
      res.on("data", (chunk) => (text += chunk));
      res.on("end", () => resolve(answer(res, text)));
      res.on("error", reject);
    });
    req.end(body);
  });
}

function answer(res, text) {
  return { status: res.statusCode, headers: res.headers, text, json: () => JSON.parse(text) };
}

/** The `name=value` of each `Set-Cookie` of an answer; a removed cookie has an empty value. */
export function setCookies(headers) {
  return (headers["set-cookie"] ?? []).map((line) => {
    const [pair, ...attributes] = line.split(";").map((part) => part.trim());
    const equals = pair.indexOf("=");
    const removed = attributes.some((attribute) => /^max-age=0$/i.test(attribute));
    return { name: pair.slice(0, equals), value: removed ? "" : pair.slice(equals + 1), attributes };
  });
}
