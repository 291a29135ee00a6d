// Values that JSON cannot hold, for the control requests: {"$binary": [bytes]} and {"$date": ISO}.

export const tag = (value) => {
  if (value instanceof Uint8Array) return { $binary: Array.from(value) };
  if (value instanceof Date) return { $date: value.toISOString() };
  return each(value, tag);
};

export const untag = (value) => {
  if (Array.isArray(value?.$binary)) return Buffer.from(value.$binary);
  if (typeof value?.$date === "string") return new Date(value.$date);
  return each(value, untag);
};

function each(value, change) {
  if (Array.isArray(value)) return value.map(change);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, change(member)]));
}
