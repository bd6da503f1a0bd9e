import { useEffect, useState } from "preact/hooks";
import type { Cause } from "./api.ts";
import { isValues, valueAt, type Schema, type Values } from "./form-values.ts";
import { Hostile } from "./text.tsx";
import { fromYaml, toYaml } from "./yaml.tsx";

/** Longer texts get more than a line. */
const LONG_TEXT = 4096;

/** What every field of the form is given. */
export interface FieldProps {
  schema: Schema;
  /** From the object's root, such as `["spec", "agent"]`. */
  path: readonly string[];
  values: Values;
  set: (path: readonly string[], value: unknown) => void;
  /** What the API server says about fields. */
  causes: readonly Cause[];
  /** Names of objects that exist, by the name of the field that refers to one. */
  offers: Readonly<Record<string, readonly string[]>>;
  isRequired?: boolean;
}

/** A field as its schema has it, with its help and what is wrong with it. */
export function Field(props: FieldProps) {
  const { schema, path } = props;
  if (schema.type === "object" && schema.properties !== undefined) return <Group {...props} />;
  const id = `field-${path.join("-")}`;
  const own = causesOf(props);
  return (
    <div class="field">
      <label for={id}>
        {path.at(-1)}
        {props.isRequired && <span class="muted"> (required)</span>}
      </label>
      <Control {...props} id={id} isWrong={own.length > 0} />
      <p class="help muted" id={`${id}-help`}>
        {schema.description}
      </p>
      {own.map((message) => (
        <p key={message} class="wrong">
          <Hostile text={message} />
        </p>
      ))}
    </div>
  );
}

function causesOf({ causes, path }: FieldProps): string[] {
  const own = path.join(".");
  return causes.flatMap(({ field, message }) =>
    field === own || field.startsWith(`${own}[`) || field.startsWith(`${own}.`) ? [message] : [],
  );
}

/** Fields that belong together; folded until they are used or wrong. */
function Group(props: FieldProps) {
  const { schema, path, values } = props;
  const isUsed = isValues(valueAt(values, path)) || causesOf(props).length > 0;
  return (
    <details class="field group" open={isUsed}>
      <summary>{path.at(-1)}</summary>
      <p class="help muted">{schema.description}</p>
      {Object.entries(schema.properties ?? {}).map(([name, each]) => (
        <Field
          {...props}
          key={name}
          schema={each}
          path={[...path, name]}
          isRequired={schema.required?.includes(name) === true}
        />
      ))}
    </details>
  );
}

function Control(props: FieldProps & { id: string; isWrong: boolean }) {
  const { schema, path, values, set, id, isWrong, offers } = props;
  const value = valueAt(values, path);
  const shared = { id, "aria-describedby": `${id}-help`, "aria-invalid": isWrong };
  const choices = schema.enum ?? (schema.type === "boolean" ? ["true", "false"] : undefined);
  if (choices !== undefined)
    return (
      <select
        {...shared}
        value={value === undefined ? "" : String(value)}
        onChange={({ currentTarget: { value: chosen } }) =>
          set(path, chosen === "" ? undefined : schema.type === "boolean" ? chosen === "true" : chosen)
        }
      >
        <option value="">default</option>
        {choices.map((each) => (
          <option key={each} value={each}>
            {each}
          </option>
        ))}
      </select>
    );
  if (schema.type === "integer" || schema.type === "number")
    return (
      <input
        {...shared}
        type="number"
        min={schema.minimum}
        max={schema.maximum}
        value={value === undefined ? "" : String(value)}
        onInput={({ currentTarget: { value: typed } }) => set(path, typed === "" ? undefined : Number(typed))}
      />
    );
  if (schema.type !== "string") return <YamlControl {...props} />;
  const text = value === undefined ? "" : String(value);
  const write = (typed: string): void => set(path, typed === "" ? undefined : typed);
  if ((schema.maxLength ?? 0) > LONG_TEXT)
    return (
      <textarea
        {...shared}
        rows={4}
        value={text}
        onInput={({ currentTarget }) => write(currentTarget.value)}
      />
    );
  const offered = offers[path.at(-1) ?? ""];
  return (
    <>
      <input
        {...shared}
        type="text"
        autocomplete="off"
        spellcheck={false}
        value={text}
        {...(offered === undefined ? {} : { list: `${id}-offers` })}
        onInput={({ currentTarget }) => write(currentTarget.value)}
      />
      {offered !== undefined && (
        <datalist id={`${id}-offers`}>
          {offered.map((name) => (
            <option key={name} value={name} />
          ))}
        </datalist>
      )}
    </>
  );
}

/** Lists and maps, as YAML. */
function YamlControl({ path, values, set, id }: FieldProps & { id: string }) {
  const value = valueAt(values, path);
  const [text, setText] = useState("");
  const [problem, setProblem] = useState("");
  const written = JSON.stringify(value);
  useEffect(() => {
    let isCurrent = true;
    const same = async (): Promise<void> => {
      const shown = await fromYaml(text).catch(() => undefined);
      const made = value === undefined ? "" : await toYaml(value);
      // What is being typed stays as it is, if it says the same.
      if (isCurrent && JSON.stringify(shown ?? undefined) !== written) setText(made);
    };
    void same();
    return () => void (isCurrent = false);
  }, [written]);
  const read = async (typed: string): Promise<void> => {
    setText(typed);
    try {
      const given = await fromYaml(typed);
      setProblem("");
      set(path, given ?? undefined);
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <>
      <textarea
        id={id}
        aria-describedby={`${id}-help`}
        rows={3}
        class="code"
        spellcheck={false}
        placeholder="as YAML"
        value={text}
        onInput={({ currentTarget }) => void read(currentTarget.value)}
      />
      {problem !== "" && (
        <p class="wrong">
          <Hostile text={problem} />
        </p>
      )}
    </>
  );
}
