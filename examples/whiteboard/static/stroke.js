// A stroke as bytes: red, green, blue, the pen's width; then x and y of each point, of two bytes each with the high one
// first, in 65,535ths of the board. The server has the same in stroke.rs.

const HEADER = 4; // bytes
const POINT = 4; // bytes
export const SCALE = 65_535;
export const MAX_POINTS = 4_000;

/** Of a colour as [red, green, blue], a width, and a list of [x, y]. */
export function encode(colour, width, points) {
  const view = new DataView(new ArrayBuffer(HEADER + POINT * points.length));
  [...colour, width].forEach((byte, at) => view.setUint8(at, byte));
  points.forEach(([x, y], n) => {
    view.setUint16(HEADER + POINT * n, x);
    view.setUint16(HEADER + POINT * n + 2, y);
  });
  return view.buffer;
}

/** The strokes of a whole board, each behind the number of its bytes. */
export function* split(picture) {
  const view = new DataView(picture);
  for (let at = 0; at < picture.byteLength; ) {
    const length = view.getUint32(at);
    yield picture.slice(at + 4, at + 4 + length);
    at += 4 + length;
  }
}

export function paint(canvas, stroke) {
  const view = new DataView(stroke);
  const context = canvas.getContext("2d");
  const [red, green, blue, width] = new Uint8Array(stroke, 0, HEADER);
  context.strokeStyle = `rgb(${red} ${green} ${blue})`;
  context.lineWidth = (width * canvas.width) / 1000;
  context.lineCap = context.lineJoin = "round";
  context.beginPath();
  for (let at = HEADER; at < stroke.byteLength; at += POINT) {
    const x = (view.getUint16(at) / SCALE) * canvas.width;
    const y = (view.getUint16(at + 2) / SCALE) * canvas.height;
    if (at === HEADER) context.moveTo(x, y);
    context.lineTo(x, y); // also of the first one, so that a dot is seen
  }
  context.stroke();
}
