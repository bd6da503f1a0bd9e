import { type KeyObject, verify } from "node:crypto";
import { readGitHubDescription } from "./github-description.ts";
import type { ForgeAnswer, ForgeRequest } from "./forge.ts";

/** A GitHub App that is installed on the repositories of one owner. */
export interface LoopbackApp {
  id: string;
  installation: string;
  publicKey: KeyObject;
  /** Full names of the repositories that it is installed on. */
  repositories: string[];
  permissions: Record<string, "read" | "write">;
  /** What it gets for all that it asks for rightly. */
  token: string;
  /** By which its account is named. */
  slug: string;
  isSuspended?: boolean;
}

const OPERATION = "POST /app/installations/{installation_id}/access_tokens";
const RANK = { read: 1, write: 2 } as const;

/** Whether it is the App itself that asks: for a token, or what it is. */
export function isAppRequest({ path }: ForgeRequest): boolean {
  return /^app(\/installations\/\d+\/access_tokens)?$/.test(path);
}

/** Answers as GitHub does; request and answer are held to its description. `authorization` is the header. */
export function answerToApp(
  app: LoopbackApp,
  { path, query, body = {} }: ForgeRequest,
  authorization: string,
  breaches: string[],
): ForgeAnswer {
  const description = readGitHubDescription();
  const known = badToken(app, authorization);
  if (known !== undefined) return refused(401, known);
  if (path === "app") return describeApp(app);
  try {
    description.checkRequest(OPERATION, query, body);
  } catch (error) {
    breaches.push(String(error));
  }
  if (path.split("/")[2] !== app.installation) return refused(404, "Not Found");
  if (app.isSuspended) return refused(403, "This installation has been suspended");
  const names = body["repositories"] as string[];
  const found = app.repositories.filter((full) => names.includes(full.split("/")[1] ?? ""));
  if (found.length !== names.length)
    return refused(
      422,
      "There is at least one repository that does not exist or is not accessible to the parent installation.",
    );
  const wanted = Object.entries(body["permissions"] as LoopbackApp["permissions"]);
  if (
    wanted.some(
      ([name, level]) => RANK[level] > RANK[app.permissions[name] ?? "read"] || !app.permissions[name],
    )
  )
    return refused(422, "The permissions requested are not granted to this installation.");
  const example = description.example<{ repositories: object[] }>(OPERATION, 201);
  const answer = {
    ...example,
    token: app.token,
    expires_at: new Date(Date.now() + 3_600_000).toISOString(),
    permissions: Object.fromEntries(wanted),
    repository_selection: "selected",
    repositories: found.map((full) => ({
      ...example.repositories[0],
      name: full.split("/")[1],
      full_name: full,
    })),
  };
  description.checkAnswer(OPERATION, 201, answer);
  return { status: 201, body: answer };
}

function describeApp({ slug }: LoopbackApp): ForgeAnswer {
  const description = readGitHubDescription();
  const body = { ...description.example<Record<string, unknown>>("GET /app", 200), slug };
  description.checkAnswer("GET /app", 200, body);
  return { status: 200, body };
}

/** What GitHub says of a JSON web token; undefined if it takes it. */
function badToken({ id, publicKey }: LoopbackApp, authorization: string): string | undefined {
  const [, head = "", claims = "", signature = ""] =
    /^Bearer ([\w-]+)\.([\w-]+)\.([\w-]+)$/.exec(authorization) ?? [];
  const isSigned = verify(
    "sha256",
    Buffer.from(`${head}.${claims}`),
    publicKey,
    Buffer.from(signature, "base64url"),
  );
  if (!isSigned || decoded(head)["alg"] !== "RS256") return "A JSON web token could not be decoded";
  const { iss, iat, exp } = decoded(claims);
  const now = Date.now() / 1000;
  if (typeof iat !== "number" || iat > now)
    return "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued";
  if (typeof exp !== "number" || exp > now + 600)
    return "'Expiration time' claim ('exp') is too far in the future";
  return String(iss) === id && exp > now ? undefined : "Integration not found";
}

function decoded(part: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(part, "base64url").toString()) as Record<string, unknown>;
}

function refused(status: number, message: string): ForgeAnswer {
  return {
    status,
    body: { message, documentation_url: "https://docs.github.com/rest", status: String(status) },
  };
}
