import type { ForgeKind } from "../api/fields/publish.ts";

/** Where a forge has a repository. */
export interface ForgeAddress {
  forge: ForgeKind;
  /** URL of the API, without a slash at its end. */
  apiURL: string;
  /** The repository there, such as `owner/name`. */
  project: string;
  /** Host of the repository, with its port if it has one: a credential store is searched for it. */
  host: string;
}

const KNOWN: Readonly<Record<string, ForgeKind>> = { "github.com": "GitHub", "gitlab.com": "GitLab" };

const API_PATHS: Readonly<Record<ForgeKind, string>> = {
  GitHub: "/api/v3",
  GitLab: "/api/v4",
  Gitea: "/api/v1",
};

/** Finds the forge of a repository by its URL, as far as nothing is given; undefined if that does not say it. */
export function forgeAddress(
  repositoryURL: string,
  given: { forge?: ForgeKind; apiURL?: string } = {},
): ForgeAddress | undefined {
  const place = placeOf(repositoryURL);
  if (!place) return undefined;
  const known = KNOWN[place.host.replace(/^(www|ssh)\./, "").replace(/:\d+$/, "")];
  const forge = given.forge ?? known;
  if (forge === undefined) return undefined;
  const apiURL = (given.apiURL ?? defaultURL(forge, place, known)).replace(/\/+$/, "");
  const project = projectIn(place.path, apiURL, forge);
  return project === undefined ? undefined : { forge, apiURL, project, host: place.host };
}

interface Place {
  /** http or https, as the API is reached too. */
  scheme: string;
  host: string;
  path: string;
}

const SSH = /^(?:ssh|git\+ssh|ssh\+git):$/i;

function placeOf(repositoryURL: string): Place | undefined {
  const [, scheme = "", rest = ""] = /^([a-z+]+:)\/\/(.*)$/is.exec(repositoryURL) ?? [];
  if (scheme === "") return scpPlace(repositoryURL);
  const slash = rest.indexOf("/");
  if (slash < 0) return undefined;
  const authority = rest.slice(0, slash);
  const host = authority.slice(authority.lastIndexOf("@") + 1).toLowerCase();
  const path = rest.slice(slash);
  if (host === "") return undefined;
  // The port of ssh is not that of the API.
  if (SSH.test(scheme)) return { scheme: "https", host: host.replace(/:\d+$/, ""), path };
  return /^https?:$/i.test(scheme) ? { scheme: scheme.slice(0, -1).toLowerCase(), host, path } : undefined;
}

/** `user@host:path`. */
function scpPlace(repositoryURL: string): Place | undefined {
  const [, host = "", path = ""] = /^(?:[^/]*@)?\[?([^[\]/:@]+)(?::\d+)?\]?:(.+)$/s.exec(repositoryURL) ?? [];
  return host === "" ? undefined : { scheme: "https", host: host.toLowerCase(), path };
}

function defaultURL(forge: ForgeKind, { scheme, host }: Place, known: ForgeKind | undefined): string {
  if (forge === "GitHub" && known === "GitHub") return "https://api.github.com";
  const name = known === undefined ? host : host.replace(/^(www|ssh)\./, "");
  return `${scheme}://${name}${API_PATHS[forge]}`;
}

/** Without the folder that the forge itself is served from, which the URL of its API has too. */
function projectIn(path: string, apiURL: string, forge: ForgeKind): string | undefined {
  const root = apiURL.replace(/^https?:\/\/[^/]*/i, "").replace(/\/?api\/v\d+$/, "");
  const inside = root !== "" && path.startsWith(`${root}/`) ? path.slice(root.length) : path;
  const names = inside
    .replace(/\/+$/, "")
    .replace(/\.git$/, "")
    .split("/")
    .filter((name) => name !== "");
  const isWhole = forge === "GitLab" ? names.length >= 2 : names.length === 2;
  return isWhole && !names.some((name) => name === "." || name === "..") ? names.join("/") : undefined;
}
