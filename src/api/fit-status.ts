import { fitToSchema } from "./schema/fit.ts";
import { statusSchemas } from "./status-schemas.generated.ts";

/**
 * A status of one of this project's kinds within the bounds of its schema, so that the API server takes
 * it whatever a program in a pod has reported. Other kinds' statuses stay as they are.
 */
export function fitStatus<Status>(kind: string, status: Status): Status {
  const schema = statusSchemas[kind];
  const fitted = schema && fitToSchema(schema, status);
  // What is left of an object by its own schema is an object of that shape.
  return (fitted ?? status) as Status;
}
