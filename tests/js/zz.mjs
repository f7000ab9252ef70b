import { Visitor, next } from "./lib/client.mjs";
import { startTestServer } from "./lib/server.mjs";
const t = { after() {} };
const server = await startTestServer(t);
const visitor = await Visitor.withSession(server.url, t);
let lost = 0, acks = 0;
for (let i = 0; i < 600; i++) {
  const socket = visitor.socket();
  const ackless = i % 2;
  const answered = new Promise((resolve) => { if (ackless) socket.once("session_error", resolve); else socket.emit("number", "x", resolve); });
  if (ackless) socket.emit("number", "x");   // buffered: sent right on connect
  socket.connect();
  const ok = await Promise.race([answered.then(() => true), new Promise((r) => setTimeout(r, 3000, false))]);
  if (!ok) { if (ackless) lost++; else acks++; }
  socket.close();
}
console.log({ lostSessionErrors: lost, lostAcks: acks });
await server.stop(); process.exit(0);
