import { invalid as invalidField, notSupported, type FieldError } from "../../../kube/field-errors.ts";
import { type MutableObject } from "../answers/json-object.ts";
import { isObject, objectAt, textAt } from "../../../kube/json.ts";
import { decode, DecodeError } from "../kinds/decode.ts";
import { deleteOptionsTypes } from "../kinds/types/meta.ts";
import { parseTypes } from "../kinds/types/notation.ts";
import { badRequest } from "../answers/status-error.ts";
import { isYamlBody } from "./accept.ts";
import { goSyntaxError, notAnObject } from "./body.ts";
import { optionsError } from "./options.ts";
import { readInteger } from "./query.ts";
import { isTrue, type RequestText } from "./request-info.ts";
import { readYaml } from "./yaml.ts";

/** meta/v1 DeleteOptions, from a body or from the query. */
export interface DeleteRequest {
  dryRun: boolean;
  gracePeriodSeconds: number | undefined;
  propagation: "Foreground" | "Background" | "Orphan" | undefined;
  uid: string | undefined;
  resourceVersion: string | undefined;
}

/** A delete of which nothing is asked. */
export const PLAIN_DELETE: DeleteRequest = {
  dryRun: false,
  gracePeriodSeconds: undefined,
  propagation: undefined,
  uid: undefined,
  resourceVersion: undefined,
};

const TYPES = parseTypes(deleteOptionsTypes);

const PROPAGATIONS: readonly unknown[] = ["Foreground", "Background", "Orphan"];

/** Reads DeleteOptions from the body or, if there is none, the query; throws in the server's words. */
export function parseDeleteOptions(request: RequestText): DeleteRequest {
  const options = request.body === "" ? queriedOptions(request.query) : decodeOptions(readDocument(request));
  const { propagationPolicy, orphanDependents, gracePeriodSeconds } = options;
  const dryRun: readonly unknown[] = Array.isArray(options["dryRun"]) ? options["dryRun"] : [];
  const errors: FieldError[] = [];
  if (propagationPolicy !== undefined && orphanDependents !== undefined) {
    const detail = "orphanDependents and deletionPropagation cannot be both set";
    errors.push(invalidField("propagationPolicy", propagationPolicy, detail));
  } else if (propagationPolicy !== undefined && !PROPAGATIONS.includes(propagationPolicy)) {
    const supported = ["Foreground", "Background", "Orphan", "nil"];
    errors.push(notSupported("propagationPolicy", propagationPolicy, supported));
  }
  if (dryRun.some((value) => value !== "All")) errors.push(notSupported("dryRun", dryRun, ["All"]));
  if (errors.length > 0) throw optionsError("DeleteOptions", errors);
  const { uid, resourceVersion } = objectAt(options, "preconditions");
  const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);
  const older = orphanDependents === undefined ? undefined : orphanDependents ? "Orphan" : "Background";
  return {
    dryRun: dryRun.length > 0,
    gracePeriodSeconds: typeof gracePeriodSeconds === "number" ? gracePeriodSeconds : undefined,
    propagation: (propagationPolicy as DeleteRequest["propagation"]) ?? older,
    uid: text(uid),
    resourceVersion: text(resourceVersion),
  };
}

function queriedOptions(query: URLSearchParams): MutableObject {
  const orphan = query.get("orphanDependents");
  const propagation = query.get("propagationPolicy");
  const preconditions = Object.fromEntries(
    ["uid", "resourceVersion"].flatMap((name) => (query.get(name) ? [[name, query.get(name)]] : [])),
  );
  return {
    gracePeriodSeconds: readInteger(query, "gracePeriodSeconds"),
    dryRun: query.getAll("dryRun"),
    preconditions,
    ...(orphan === null ? {} : { orphanDependents: isTrue(orphan) }),
    ...(propagation === null ? {} : { propagationPolicy: propagation }),
  };
}

function decodeOptions({ kind: _kind, apiVersion: _apiVersion, ...document }: MutableObject): MutableObject {
  try {
    return decode(TYPES, "DeleteOptions", document).value;
  } catch (error) {
    throw error instanceof DecodeError ? badRequest(error.message) : error;
  }
}

function readDocument({ headers, body }: RequestText): MutableObject {
  const document = isYamlBody(headers["content-type"]) ? readYaml(body).value : parseJson(body);
  if (document === null) return {};
  if (!isObject(document)) throw badRequest(notAnObject(document));
  const kind = textAt(document, "kind");
  if (kind !== "" && kind !== "DeleteOptions") {
    const version = textAt(document, "apiVersion");
    throw badRequest(
      `no kind "${kind}" is registered for version "${version}" in scheme "k8s.io/apimachinery/pkg/apis/meta/internalversion/scheme/register.go:27"`,
    );
  }
  return document;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw badRequest(`couldn't get version/kind; json parse error: ${goSyntaxError(text, error)}`);
  }
}

/** The DeleteOptions inside a policy/v1 Eviction, checked as those of a delete. */
export function parseEviction(request: RequestText, eviction: MutableObject): DeleteRequest {
  const version = textAt(eviction, "apiVersion");
  if (version !== "" && version !== "policy/v1") {
    throw badRequest(`eviction of v1 pods must be a policy/v1 Eviction, got ${version}`);
  }
  const options = objectAt(eviction, "deleteOptions");
  return parseDeleteOptions({ query: request.query, headers: {}, body: JSON.stringify(options) });
}
