import { failure, unsupportedMediaType } from "../answers/status-error.ts";

/** In which form an object is answered. */
export type ResponseForm = "object" | "table" | "metadata";

/** What an Accept header comes to. */
export interface Negotiated {
  form: ResponseForm;
  /** apiVersion of a Table: `meta.k8s.io/v1` or `meta.k8s.io/v1beta1`. */
  version: string;
  yaml: boolean;
}

/** What a client gets that asks for nothing in particular. */
export const PLAIN_JSON: Negotiated = { form: "object", version: "", yaml: false };

const ACCEPTED =
  "only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf";

const REPRESENTATIONS = ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];
const STREAMS = ["application/json;stream=watch", "application/vnd.kubernetes.protobuf;stream=watch"];

/** Chooses from an Accept header for this verb; protobuf, which is not spoken here, is passed over for what follows it. */
export function negotiate(accept: string | undefined, verb: string): Negotiated {
  const clauses = acceptClauses(accept);
  if (!clauses.some(({ media }) => media === "*/*" || REPRESENTATIONS.includes(media))) {
    const available = verb === "list" ? [...REPRESENTATIONS, ...STREAMS] : REPRESENTATIONS;
    const message = `406: Not Acceptable\n\nAvailable representations: ${available.join(", ")}`;
    throw failure(406, "NotAcceptable", message, {});
  }
  for (const clause of clauses) {
    const json = clause.media === "application/json" || clause.media === "*/*";
    if (!json && clause.media !== "application/yaml") continue;
    const yaml = clause.media === "application/yaml";
    const as = clause.parameters.get("as");
    if (as === undefined) return { form: "object", version: "", yaml };
    const version = `${clause.parameters.get("g")}/${clause.parameters.get("v")}`;
    if (version !== "meta.k8s.io/v1" && version !== "meta.k8s.io/v1beta1") continue;
    if (as === "Table") return { form: "table", version, yaml };
    if (as === "PartialObjectMetadata" || as === "PartialObjectMetadataList") {
      return { form: "metadata", version, yaml };
    }
  }
  throw failure(406, "NotAcceptable", ACCEPTED);
}

interface Clause {
  media: string;
  parameters: Map<string, string>;
}

/** The clauses of an Accept header in the order of preference. */
export function acceptClauses(accept: string | undefined): Clause[] {
  if (accept === undefined || accept.trim() === "") return [{ media: "*/*", parameters: new Map() }];
  const clauses = accept.split(",").map((text) => {
    const [media = "", ...parameters] = text.split(";").map((part) => part.trim());
    const pairs = parameters.map((pair): [string, string] => {
      const [name = "", value = ""] = pair.split("=");
      return [name.trim(), value.trim()];
    });
    return { media: media.toLowerCase(), parameters: new Map(pairs) };
  });
  const quality = (clause: Clause) => Number(clause.parameters.get("q") ?? 1) || 0;
  return clauses.sort((a, b) => quality(b) - quality(a));
}

/** Throws 406 if only JSON is spoken and a client does not take it. */
export function requireJsonAccepted(accept: string | undefined): void {
  const isAccepted = acceptClauses(accept).some(
    ({ media }) => media === "*/*" || media.startsWith("application/json") || media === "application/*",
  );
  if (!isAccepted) {
    throw failure(406, "NotAcceptable", "only the following media types are accepted: application/json", {});
  }
}

/** The media type of a body, without parameters. */
export function mediaTypeOf(contentType: string | undefined): string {
  return (contentType ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
}

/** Whether a body of this type is for server-side apply. */
export function isApply(contentType: string | undefined): boolean {
  return mediaTypeOf(contentType) === "application/apply-patch+yaml";
}

/** Whether a body of this type is YAML; throws if it is neither JSON nor YAML. */
export function isYamlBody(contentType: string | undefined): boolean {
  const media = mediaTypeOf(contentType);
  if (media === "" || media === "application/json") return false;
  if (media === "application/yaml") return true;
  throw unsupportedMediaType(
    "the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf",
  );
}
