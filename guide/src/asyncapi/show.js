// Shows the AsyncAPI document that stands in the page as text, by AsyncAPI's own component. `cargo xtask guide` and the
// step `guide` of the tests put that into the folder `component` beside this file; without it the text is all there is.

(() => {
  const config = {
    show: { sidebar: false, servers: false, messages: false, schemas: false },
    // By whether there is an ack.
    receiveLabel: "clients emit",
    replyLabel: "clients emit with ack",
    sendLabel: "the server emits",
    requestLabel: "the server emits with ack",
  };
  const [place, text] = [".asyncapi", ".asyncapi + details code"].map((at) => document.querySelector(at));
  const beside = (name) => new URL(`component/${name}`, document.currentScript.src).href;
  const style = Object.assign(document.createElement("link"), { rel: "stylesheet", href: beside("default.min.css") });
  const script = Object.assign(document.createElement("script"), { src: beside("index.js") });
  script.addEventListener("load", () => AsyncApiStandalone.render({ schema: text.textContent, config }, place));
  document.head.append(style, script);
})();
