/** Internet addresses as text. Source: net.ParseIP and net.ParseCIDR of Go. */

/** Whether text is an IPv4 address in dotted decimals. */
export function isIPv4(text: string): boolean {
  const parts = text.split(".");
  return parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255);
}

/** Whether text is an IPv6 address. */
export function isIPv6(text: string): boolean {
  const [head = "", tail, ...more] = text.split("::");
  if (more.length > 0 || !text.includes(":")) return false;
  const groups = [head, tail ?? ""].flatMap((side) => (side === "" ? [] : side.split(":")));
  const last = groups.at(-1) ?? "";
  const embedded = isIPv4(last);
  const plain = embedded ? groups.slice(0, -1) : groups;
  if (!plain.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return false;
  const length = plain.length + (embedded ? 2 : 0);
  return tail === undefined ? length === 8 : length < 8;
}

/** Whether text is an address with the length of its network, as in `10.0.0.0/8`. */
export function isCidr(text: string): boolean {
  const [address = "", bits = "", ...more] = text.split("/");
  if (more.length > 0 || !/^(0|[1-9]\d{0,2})$/.test(bits)) return false;
  return (isIPv4(address) && Number(bits) <= 32) || (isIPv6(address) && Number(bits) <= 128);
}

/** Whether text is an IPv4 or IPv6 address. */
export function isIpAddress(text: string): boolean {
  return isIPv4(text) || isIPv6(text);
}
