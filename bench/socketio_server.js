// What a user would pick instead: Socket.IO with its Redis adapter; with a database it stores a message before it sends it.
// usage: node socketio_server.js PORT REDIS_URL [DATABASE_URL]
"use strict";
const { createServer } = require("node:http");
const { Server } = require("socket.io");
const { createAdapter } = require("@socket.io/redis-adapter");
const { createClient } = require("redis");
const { Pool } = require("pg");

const INSERT = { name: "insert", text: "INSERT INTO said (body) VALUES ($1) RETURNING id" };

async function storingIn(database) {
  const pool = new Pool({ connectionString: database });
  await pool.query("CREATE TABLE IF NOT EXISTS said (id bigserial PRIMARY KEY, body text, at timestamptz DEFAULT now())");
  return (said) => pool.query({ ...INSERT, values: [said.message] });
}

async function main(port, url, database) {
  const store = database ? await storingIn(database) : null;
  const publisher = createClient({ url });
  const subscriber = publisher.duplicate();
  await Promise.all([publisher.connect(), subscriber.connect()]);
  const http = createServer();
  const io = new Server(http, { adapter: createAdapter(publisher, subscriber), transports: ["websocket"] });
  io.on("connection", (socket) => {
    socket.join("group");
    socket.on("message", async (said) => {
      if (store) await store(said);
      io.to("group").emit("message", said);
    });
  });
  http.listen(Number(port), "127.0.0.1");
}

main(...process.argv.slice(2));
