import { defineConfig } from "vite";

export default defineConfig({
  server: {
    // `npm run dev` beside `cargo run --package todo`: the page is Vite's, the sockets are the server's.
    proxy: { "/socket.io": { target: "http://127.0.0.1:3000", ws: true } },
    // The style sheet of all examples.
    fs: { allow: [".", "../../page/static"] },
  },
});
