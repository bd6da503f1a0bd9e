/** A header that a page of another origin cannot send; on loopback with a key that no other port of the machine is sent. */
export const KEY_HEADER = "x-console-key";

/** What RFC 6750 allows as a token, as a pattern; a header takes nothing else. */
export const TOKEN = String.raw`[\w.~+/-]{1,12288}={0,3}`;
