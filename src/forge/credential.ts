import { ForgeRefusal } from "./refusal.ts";

/**
 * The token in a credential for git, in each of its forms: a token, `user:token`, `user:token@host`, lines of a credential
 * store, of which the one of `host` counts. Throws a ForgeRefusal for an SSH key and for what has none.
 */
export function tokenIn(credential: string, host: string): string {
  const lines = credential
    .replaceAll(/[\0\r]/g, "")
    .replace(/^\uFEFF/, "")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
  const [first] = lines;
  if (first === undefined) throw invalid("the credential is empty");
  if (lines.some((line) => line.includes("PRIVATE KEY-----")))
    throw invalid("the credential is an SSH key: name a token in publish.pullRequest.tokenSecretRef");
  const stored = lines.filter((line) => /^https?:\/\/[^/]*@/i.test(line));
  const token = stored.length > 0 ? fromStore(stored, host) : fromWord(first, host);
  if (token === undefined || token === "") throw invalid(`the credential has no token for ${host}`);
  // A header has one line of visible characters.
  if (!/^[\x21-\x7e]+$/.test(token)) throw invalid("the token has characters that no token has");
  return token;
}

function invalid(message: string): ForgeRefusal {
  return new ForgeRefusal("ForgeTokenInvalid", message);
}

function fromStore(lines: readonly string[], host: string): string | undefined {
  for (const line of lines) {
    const authority = line.replace(/^https?:\/\//i, "").split("/")[0] ?? "";
    const at = authority.lastIndexOf("@");
    if (authority.slice(at + 1).toLowerCase() !== host) continue;
    const [user = "", password = ""] = splitAt(authority.slice(0, at));
    return decoded(password === "" ? user : password);
  }
  return undefined;
}

function fromWord(line: string, host: string): string {
  const name = host.replace(/:\d+$/, "");
  const suffix = [`@${host}`, `@${name}`].find((end) => line.endsWith(end)) ?? "";
  const word = line.slice(0, line.length - suffix.length);
  const [user = "", password = ""] = splitAt(word);
  return password === "" ? user : password;
}

function splitAt(text: string): [string, string] {
  const colon = text.indexOf(":");
  return colon < 0 ? [text, ""] : [text.slice(0, colon), text.slice(colon + 1)];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
