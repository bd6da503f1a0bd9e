/** Which namespace is looked at; empty: all. */
export function NamespaceField({
  namespace,
  choose,
}: {
  namespace: string;
  choose: (namespace: string) => void;
}) {
  return (
    <label class="namespace">
      <span>Namespace</span>
      <input
        type="text"
        placeholder="all"
        value={namespace}
        autocomplete="off"
        spellcheck={false}
        onChange={({ currentTarget }) => choose(currentTarget.value.trim())}
      />
    </label>
  );
}
