// What a user would pick instead: Socket.IO with its Redis adapter. usage: node socketio_server.js PORT REDIS_URL
"use strict";
const { createServer } = require("node:http");
const { Server } = require("socket.io");
const { createAdapter } = require("@socket.io/redis-adapter");
const { createClient } = require("redis");

async function main(port, url) {
  const publisher = createClient({ url });
  const subscriber = publisher.duplicate();
  await Promise.all([publisher.connect(), subscriber.connect()]);
  const http = createServer();
  const io = new Server(http, { adapter: createAdapter(publisher, subscriber), transports: ["websocket"] });
  io.on("connection", (socket) => {
    socket.join("group");
    socket.on("message", (said) => io.to("group").emit("message", said));
  });
  http.listen(Number(port), "127.0.0.1");
}

main(process.argv[2], process.argv[3]);
