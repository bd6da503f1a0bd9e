/** Whom the API server shall take the caller for. */
export interface Impersonation {
  user?: string;
  uid?: string;
  groups?: readonly string[];
  extra?: Readonly<Record<string, readonly string[]>>;
}

/** What every request then carries; empty if nobody is impersonated. Throws if something is said of no user. */
export function impersonationHeaders(
  { user, uid, groups = [], extra = {} }: Impersonation,
  title: string,
): Record<string, string | string[]> {
  if (user === undefined) {
    if (uid !== undefined || groups.length > 0 || Object.keys(extra).length > 0)
      throw new Error(`${title} has a uid, groups or user-extra to impersonate, and no user ("as")`);
    return {};
  }
  return {
    "impersonate-user": user,
    ...(uid !== undefined && { "impersonate-uid": uid }),
    ...(groups.length > 0 && { "impersonate-group": [...groups] }),
    ...Object.fromEntries(
      Object.entries(extra).map(([key, values]) => [`impersonate-extra-${escaped(key)}`, [...values]]),
    ),
  };
}

/** As client-go writes a key into a header's name: what none may hold, and `%`, in percent encoding. */
function escaped(key: string): string {
  return Array.from(Buffer.from(key.toLowerCase()), (byte) => {
    const letter = String.fromCharCode(byte);
    return /[a-z0-9!#$&'*+.^_`|~-]/.test(letter)
      ? letter
      : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }).join("");
}
