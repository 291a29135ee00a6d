// Values that JSON cannot hold, for the control requests: {"$binary": base64} and {"$date": ISO}.

export const tag = (value) => {
  if (value instanceof Uint8Array) return { $binary: Buffer.from(value).toString("base64") };
  if (value instanceof Date) return { $date: value.toISOString() };
  return each(value, tag);
};

export const untag = (value) => {
  if (typeof value?.$binary === "string") return Buffer.from(value.$binary, "base64");
  if (typeof value?.$date === "string") return new Date(value.$date);
  return each(value, untag);
};

function each(value, change) {
  if (Array.isArray(value)) return value.map(change);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, change(member)]));
}
