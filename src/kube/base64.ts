/** Base64 in Kubernetes' standard alphabet, with padding. */

/** The base64 of a text's UTF-8 bytes. */
export function encodeBase64(text: string): string {
  return bytesToBase64(new TextEncoder().encode(text));
}

/** The base64 of bytes. */
export function bytesToBase64(bytes: Uint8Array): string {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

/** The bytes of base64; throws if it is none. */
export function base64ToBytes(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

/** The text of base64; throws if it is none. */
export function decodeBase64(base64: string): string {
  return new TextDecoder().decode(base64ToBytes(base64));
}

/** How many bytes valid base64 stands for. */
export function base64Length(base64: string): number {
  return (base64.length / 4) * 3 - (/=*$/.exec(base64)?.[0].length ?? 0);
}

/** The same in the alphabet of URLs, without padding. */
export function encodeBase64Url(text: string): string {
  return encodeBase64(text).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** The text of base64 in either alphabet; throws if it is none. */
export function decodeBase64Url(base64: string): string {
  return decodeBase64(base64.replaceAll("-", "+").replaceAll("_", "/"));
}
